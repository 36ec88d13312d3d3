# Makes this computer a worker of the render farm @NAME@, whose manager is at
# @BASE@
#
# It puts one file there, the program, which is compared with its SHA-256; the worker keeps
# all that it needs in the same folder. To be rid of it, stop the worker and remove the folder.
# It can be run again at any time: what is there already is left as it is.
& {
	$ErrorActionPreference = 'Stop'
	$ProgressPreference = 'SilentlyContinue'
	$base = @BASE@
	$pin = @PIN@
	$service = @SERVICE@
	$programs = @{
@PROGRAMS@
	}

	function Get-Sum($file) { (Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash.ToLower() }

	$arch = 'amd64'
	if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64' -or $env:PROCESSOR_ARCHITEW6432 -eq 'ARM64') { $arch = 'arm64' }
	$want = $programs["windows-$arch"]
	if (-not $want -and $arch -eq 'arm64') { $want = $programs['windows-amd64'] } # which Windows on ARM runs as well
	if (-not $want) {
		Write-Host "farm: the manager has no program for windows-$arch`: put farm-windows-$arch.exe of its version into the folder binaries of the manager's home, and type the same line again"
		return
	}
	$folder = $env:FARM_HOME
	if (-not $folder) { $folder = Join-Path $env:LOCALAPPDATA 'farm' }
	New-Item -ItemType Directory -Force -Path (Join-Path $folder 'bin') | Out-Null
	$program = Join-Path $folder 'bin\farm.exe'
	if ((Test-Path -LiteralPath $program) -and (Get-Sum $program) -eq $want) {
		Write-Host "farm: the program is there already: $program"
	} else {
		Write-Host "farm: fetching the program from $base"
		$new = "$program.new"
		if ($pin) {
			& curl.exe -fsSLk --pinnedpubkey $pin -o $new "$base@PATH@/program/$want"
			if ($LASTEXITCODE -ne 0) { Write-Host 'farm: the program cannot be fetched'; return }
		} else {
			Invoke-WebRequest -UseBasicParsing -Uri "$base@PATH@/program/$want" -OutFile $new
		}
		if ((Get-Sum $new) -ne $want) {
			Remove-Item -LiteralPath $new
			Write-Host 'farm: what came is not the program that the manager has: its SHA-256 is another one. Nothing was changed; type the same line again'
			return
		}
		if (Test-Path -LiteralPath $program) { Move-Item -Force -LiteralPath $program -Destination "$program.old" } # one that runs can be renamed, and not replaced
		Move-Item -Force -LiteralPath $new -Destination $program
		Write-Host "farm: the program is $program"
	}
	$env:FARM_HOME = $folder
	$env:FARM_JOIN = @LINK@
	& $program join
	$joined = $LASTEXITCODE
	Remove-Item Env:FARM_JOIN
	if ($joined -ne 0) { return }
	if ($service) { & $program service install } else { & $program work }
}
