<#
  The relay's access to the Notes client on this machine. One verb per run; arguments are never evaluated: they are passed
  unchanged to the client's COM object.

    powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File traveler-notes.ps1 console -Server Mail01/Acme -Line "<line>"

    powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File traveler-notes.ps1 devices -Server Mail01/Acme

  console   sends the server one console line; prints its immediate output, which may be empty.
  devices   prints the documents of a view of LotusTraveler.nsf (Traveler 8.5), one line of JSON each, {"unid": "...", "items": {...}},
            and at the end {"end": <number of documents>}: without that line the output is incomplete. It only reads. Times are
            milliseconds since 1970, UTC.

  Exit codes: 0 done; 2 wrong arguments; 3 the Notes client cannot be used here; 4 the database or its view cannot be opened.
  Messages go to standard error.
#>
[CmdletBinding(PositionalBinding = $false)]
param(
  [Parameter(Mandatory = $true, Position = 0)] [ValidateSet('console', 'devices')] [string] $Verb,
  [Parameter(Mandatory = $true)] [ValidateLength(1, 256)] [string] $Server,
  [string] $Line,
  [ValidateLength(1, 256)] [string] $Database = 'LotusTraveler.nsf',
  [ValidateLength(1, 256)] [string] $View = 'vDevice',
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
      # The whole first line is the password; it is never an argument, so that no process list shows it.
      $session.Initialize([System.IO.File]::ReadAllLines($PasswordFile)[0])
    } else {
      $session.Initialize()
    }
  } catch {
    Stop-With 3 'The Notes id could not be opened. Give console.passwordFile in relay.json the file with its password, readable by the account of the relay, and start the Notes client once with this account.'
  }
  return $session
}

# The relay builds lines from validated parts. Validated here again, because others may call this script.
function Assert-Line([string] $Given) {
  if ($Given -cnotmatch '\Atell traveler (status|(security (approval (approve|deny)|flagsAdd (lock|wipe[A-Za-z/]+)|flagsRemove all|delete)|delete) [A-Za-z0-9_.:-]{1,128} \S[^\p{Cc}\p{Zl}\p{Zp}*";]*)\z') {
    Stop-With 2 'This line is none that the relay gives a console; nothing was sent.'
  }
}

$itemNames = 'Username', 'deviceid', 'device_provider', 'device_type', 'device_level', 'device_conn', 'lastSyncTime',
  'notificationType', 'approvalFlag', 'banned', 'wipeRequested', 'wipeSupported'

# Text, whole numbers, and times as milliseconds since 1970; several values as a list.
function Read-Item($Document, [string] $Name) {
  $values = @(foreach ($value in $Document.GetItemValue($Name)) {
    if ($value -is [datetime]) { [long] ($value.ToUniversalTime() - [datetime] '1970-01-01').TotalMilliseconds }
    elseif ($value -is [double] -and $value -eq [math]::Floor($value)) { [long] $value }
    else { [string] $value }
  })
  if ($values.Count -eq 1) { return $values[0] }
  return , $values
}

function Write-Json($Value) {
  [Console]::Out.WriteLine((ConvertTo-Json -InputObject $Value -Compress -Depth 4))
}

# Variable names are case-insensitive: none of these may have the name of a parameter.
function Write-Devices($Notes) {
  try {
    $opened = $Notes.GetDatabase($Server, $Database, $false)
    if ($null -eq $opened -or -not $opened.IsOpen) { throw 'not open' }
    $listed = $opened.GetView($View)
    if ($null -eq $listed) { throw 'no view' }
  } catch {
    Stop-With 4 'The database or its view cannot be opened. Check the name of the server, and that this Notes id may read the database.'
  }
  $listed.AutoUpdate = $false
  $count = 0
  $one = $listed.GetFirstDocument()
  while ($null -ne $one) {
    $items = @{}
    foreach ($name in $itemNames) { if ($one.HasItem($name)) { $items[$name] = Read-Item $one $name } }
    Write-Json @{ unid = [string] $one.UniversalID; items = $items }
    $count++
    $next = $listed.GetNextDocument($one)
    [void] [System.Runtime.InteropServices.Marshal]::ReleaseComObject($one)
    $one = $next
  }
  Write-Json @{ end = $count }
}

switch ($Verb) {
  'devices' {
    Write-Devices (Open-Notes)
  }
  'console' {
    Assert-Line $Line
    $notes = Open-Notes
    $answer = $notes.SendConsoleCommand($Server, $Line)
    if ($answer) { [Console]::Out.WriteLine([string] $answer) }
  }
}
exit 0
