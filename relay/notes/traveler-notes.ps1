<#
  What the relay asks of the Notes client on this machine. One verb a run; nothing that is given is ever evaluated: values are
  handed to the client's COM object as they are.

    powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File traveler-notes.ps1 console -Server Mail01/Acme -Line "<line>"

  console   gives the server one console line; prints what it answers at once, which may be nothing.

  Exit codes: 0 handed over; 2 called wrongly; 3 the Notes client cannot be used here. Messages go to standard error.
#>
[CmdletBinding(PositionalBinding = $false)]
param(
  [Parameter(Mandatory = $true, Position = 0)] [ValidateSet('console')] [string] $Verb,
  [Parameter(Mandatory = $true)] [ValidateLength(1, 256)] [string] $Server,
  [string] $Line,
  [string] $PasswordFile
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false

function Stop-With([int] $Code, [string] $Message) {
  [Console]::Error.WriteLine($Message)
  exit $Code
}

function Open-Notes {
  try {
    $session = New-Object -ComObject 'Lotus.NotesSession'
  } catch {
    Stop-With 3 'The Notes client was not found. Install it for all users of this machine, in the same bitness (32 or 64 bit) as this PowerShell.'
  }
  try {
    if ($PasswordFile) {
      # The whole first line is the password; it is never an argument, so that no list of processes shows it.
      $session.Initialize([System.IO.File]::ReadAllLines($PasswordFile)[0])
    } else {
      $session.Initialize()
    }
  } catch {
    Stop-With 3 'The Notes id could not be opened. Give console.passwordFile in relay.json the file with its password, readable by the account of the relay, and start the Notes client once with this account.'
  }
  return $session
}

# The relay builds lines from checked parts. Checked here again, because this file may be called by others.
function Assert-Line([string] $Given) {
  if ($Given -cnotmatch '\Atell traveler (security (approval (approve|deny)|flagsAdd (lock|wipe[A-Za-z/]+)|flagsRemove all|delete)|delete) [A-Za-z0-9_.:-]{1,128} \S[^\p{Cc}\p{Zl}\p{Zp}*";]*\z') {
    Stop-With 2 'This line is none that the relay gives a console; nothing was sent.'
  }
}

switch ($Verb) {
  'console' {
    Assert-Line $Line
    $notes = Open-Notes
    $answer = $notes.SendConsoleCommand($Server, $Line)
    if ($answer) { [Console]::Out.WriteLine([string] $answer) }
  }
}
exit 0
