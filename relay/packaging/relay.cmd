@echo off
rem The relay on Windows: this file, relay.mjs, traveler-notes.ps1 and node.exe are in one folder.
"%~dp0node.exe" "%~dp0relay.mjs" %*
