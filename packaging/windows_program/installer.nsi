; PortView's installer. packaging/windows_program/installer.py says what the words in capitals are.
;
; Options: /S silent, /ALLUSERS for all users, /DESKTOP and /AUTOSTART for what is off by default,
; /D=FOLDER (last, without quotes). Exit codes: 0 done, 1 cancelled, 2 not done.
; Options of the uninstaller: /S silent, /SETTINGS to remove settings, log and record as well.

Unicode true
!ifdef AMD64
  Target amd64-unicode
!endif
SetCompressor /SOLID lzma
SetCompressorDictSize 64
SetDateSave off
; Administrator rights are asked for only where everyone is to get the program.
RequestExecutionLevel user
ManifestDPIAware true
ManifestLongPathAware true
ManifestSupportedOS Win10
CRCCheck force

!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"' = 0
!endif

!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include WinVer.nsh
!include x64.nsh
!include nsDialogs.nsh
!include Win\COM.nsh
!include Win\Propkey.nsh

!define UNINSTALL_KEYS "Software\Microsoft\Windows\CurrentVersion\Uninstall"
!define UNINSTALL_KEY "${UNINSTALL_KEYS}\PortView"
!define RUN_LINE '"$INSTDIR\PortView.exe" --background'
!define RUN_KEY "Software\Microsoft\Windows\CurrentVersion\Run"
!define MODEL_ID "PortView.PortView"
!define NOT_DONE 2

Name "PortView"
OutFile "${OUTPUT}"
InstallDir ""
BrandingText "PortView ${VERSION}"
VIProductVersion "${NUMBERS}"
VIAddVersionKey "ProductName" "PortView"
VIAddVersionKey "CompanyName" "PortView"
VIAddVersionKey "FileDescription" "PortView installer"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "LegalCopyright" "${COPYRIGHT}"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION StartPortView
!define MUI_FINISHPAGE_NOAUTOCLOSE

Page custom AskForWhom TakeForWhom
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Var ForAll       ; 1 where everyone gets the program
Var AllButton
Var HasFolder    ; 1 where /D named a folder

!macro RELAUNCH_AS_ADMINISTRATOR PROGRAM
  UserInfo::GetAccountType
  Pop $0
  ${If} $0 != "Admin"
    ; The elevated one does the work, and this one waits for it. Of its end Windows tells only
    ; whether it was started.
    ${GetParameters} $1
    ClearErrors
    ExecShellWait "runas" "${PROGRAM}" "$1"
    IfErrors 0 +3
      SetErrorLevel 1
      Quit
    SetErrorLevel 0
    Quit
  ${EndIf}
!macroend

!macro TAKE_SCOPE
  ${If} $ForAll == 1
    SetShellVarContext all
  ${Else}
    SetShellVarContext current
  ${EndIf}
!macroend

!macro DEFAULT_FOLDER
  ${If} $HasFolder != 1
    ReadRegStr $INSTDIR SHCTX "${UNINSTALL_KEY}" "InstallLocation"
    ${If} $INSTDIR == ""
      ${If} $ForAll == 1
        StrCpy $INSTDIR "$PROGRAMFILES64\PortView"
      ${Else}
        StrCpy $INSTDIR "$LOCALAPPDATA\Programs\PortView"
      ${EndIf}
    ${EndIf}
  ${EndIf}
!macroend

; Through the shell, which has the person's own rights where this installer has an administrator's.
Function StartPortView
  Exec '"$WINDIR\explorer.exe" "$INSTDIR\PortView.exe"'
FunctionEnd

Function AskForWhom
  ${If} $ForAll == 1
    Abort ; it was said already
  ${EndIf}
  !insertmacro MUI_HEADER_TEXT "Who is to use PortView?" "Only an installation for everyone needs an administrator."
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateRadioButton} 0 10u 100% 12u "Only &me"
  Pop $0
  ${NSD_Check} $0
  ${NSD_CreateRadioButton} 0 28u 100% 12u "&Everyone who uses this computer"
  Pop $AllButton
  nsDialogs::Show
FunctionEnd

Function TakeForWhom
  ${NSD_GetState} $AllButton $0
  ${If} $0 != ${BST_CHECKED}
    Return
  ${EndIf}
  UserInfo::GetAccountType
  Pop $0
  ${If} $0 != "Admin"
    ClearErrors
    ExecShell "runas" "$EXEPATH" "/ALLUSERS"
    ${If} ${Errors}
      Abort ; the person said no to the prompt: the page stays
    ${EndIf}
    Quit
  ${EndIf}
  StrCpy $ForAll 1
  !insertmacro TAKE_SCOPE
  !insertmacro DEFAULT_FOLDER
FunctionEnd

; Makes a shortcut and gives it the model ID that the program tells the taskbar (portview/app.py), so
; that a pinned shortcut and the open window are one button. A shell that keeps no such properties
; still gets the shortcut.
!macro SHORTCUT LINK
  CreateShortcut "${LINK}" "$INSTDIR\PortView.exe"
  !insertmacro ComHlpr_CreateInProcInstance ${CLSID_ShellLink} ${IID_IShellLink} r0 ""
  ${If} $0 P<> 0
    ${IUnknown::QueryInterface} $0 '("${IID_IPersistFile}",.r1)'
    ${If} $1 P<> 0
      ${IPersistFile::Load} $1 '("${LINK}",2).r3'
      ${IUnknown::QueryInterface} $0 '("${IID_IPropertyStore}",.r2)'
      ${If} $2 P<> 0
        System::Call '*${SYSSTRUCT_PROPERTYKEY}(${PKEY_AppUserModel_ID})p.r4'
        System::Call '*(&w32 "${MODEL_ID}")p.r5'
        System::Call '*(&i2 ${VT_LPWSTR},&i6 0,p r5,p 0)p.r6'
        ${IPropertyStore::SetValue} $2 '(r4,r6).r3'
        ${If} $3 == 0
          ${IPropertyStore::Commit} $2 ""
          ${IPersistFile::Save} $1 '("${LINK}",1)'
        ${EndIf}
        System::Free $4
        System::Free $5
        System::Free $6
        ${IUnknown::Release} $2 ""
      ${EndIf}
      ${IUnknown::Release} $1 ""
    ${EndIf}
    ${IUnknown::Release} $0 ""
  ${EndIf}
!macroend

; Sets the error flag where a program runs: Windows lets nobody write to it then.
!macro EXPECT_UNUSED PROGRAM
  ${If} ${FileExists} "${PROGRAM}"
    FileOpen $2 "${PROGRAM}" a
    FileClose $2
  ${EndIf}
!macroend

; Makes sure that no program of an earlier PortView in $INSTDIR runs, and sets its libraries aside:
; a folder with a library in use can't be renamed. UN is "" or "un.".
!macro SET_OLD_ASIDE UN
Function ${UN}SetOldAside
  ${IfNot} ${FileExists} "$INSTDIR\_internal\*.*"
    Return
  ${EndIf}
  ; Other programs have a folder of this name as well.
  ${IfNot} ${FileExists} "$INSTDIR\PortView.exe"
    MessageBox MB_ICONSTOP|MB_OK "$INSTDIR holds files of another program. Choose another folder." /SD IDOK
    SetErrorLevel ${NOT_DONE}
    Quit
  ${EndIf}
  RMDir /r "$INSTDIR\_internal.old"
  again:
  DetailPrint "Asking PortView to close"
  ExecWait '"$INSTDIR\PortView.exe" --quit' $0
  StrCpy $3 ", perhaps for another user"
  ${If} $0 == 3
    StrCpy $3 " as administrator"
  ${EndIf}
  StrCpy $1 0
  ${Do}
    ClearErrors
    !insertmacro EXPECT_UNUSED "$INSTDIR\PortView.exe"
    !insertmacro EXPECT_UNUSED "$INSTDIR\portviewc.exe"
    ; Asking for errors clears them.
    ${IfNot} ${Errors}
      Rename "$INSTDIR\_internal" "$INSTDIR\_internal.old"
      ${IfNot} ${Errors}
        Return
      ${EndIf}
    ${EndIf}
    Sleep 200
    IntOp $1 $1 + 1
  ${LoopUntil} $1 > 100
  MessageBox MB_ICONEXCLAMATION|MB_RETRYCANCEL "PortView still runs in $INSTDIR$3. Close it and try again." /SD IDCANCEL IDRETRY again
  SetErrorLevel ${NOT_DONE}
  Quit
FunctionEnd
!macroend
!insertmacro SET_OLD_ASIDE ""
!insertmacro SET_OLD_ASIDE "un."

Section "PortView"
  SectionIn RO
  Call SetOldAside
  ClearErrors
  !include "${FILES}"
  ${If} ${Errors}
    RMDir /r "$INSTDIR\_internal"
    Rename "$INSTDIR\_internal.old" "$INSTDIR\_internal"
    MessageBox MB_ICONSTOP|MB_OK "The files could not be written to $INSTDIR." /SD IDOK
    SetErrorLevel ${NOT_DONE}
    Quit
  ${EndIf}
  RMDir /r "$INSTDIR\_internal.old"
  SetOutPath "$INSTDIR"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  !insertmacro SHORTCUT "$SMPROGRAMS\PortView.lnk"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayName" "PortView"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\PortView.exe"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "Publisher" "PortView"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "EstimatedSize" ${KIBIBYTES}
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoRepair" 1
  ${If} $ForAll == 1
    StrCpy $0 " /ALLUSERS"
  ${Else}
    StrCpy $0 ""
  ${EndIf}
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"$0'
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe"$0 /S'
SectionEnd

Section /o "Icon on the desktop" DesktopSection
  !insertmacro SHORTCUT "$DESKTOP\PortView.lnk"
SectionEnd

; The same value as PortView's own setting writes, for the one person who is asked.
Section /o "Start when I log in" AutostartSection
  WriteRegStr HKCU "${RUN_KEY}" "PortView" '${RUN_LINE}'
SectionEnd

Function .onInit
  SetRegView 64
  ${IfNot} ${AtLeastWin10}
    MessageBox MB_ICONSTOP|MB_OK "PortView needs Windows 10 or later." /SD IDOK
    SetErrorLevel ${NOT_DONE}
    Quit
  ${EndIf}
  ${IfNot} ${IsNativeAMD64}
  ${AndIfNot} ${IsNativeARM64}
    MessageBox MB_ICONSTOP|MB_OK "PortView needs 64-bit Windows." /SD IDOK
    SetErrorLevel ${NOT_DONE}
    Quit
  ${EndIf}
  ${If} $INSTDIR != ""
    StrCpy $HasFolder 1
  ${EndIf}
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/ALLUSERS" $1
  ${IfNot} ${Errors}
    StrCpy $ForAll 1
    !insertmacro RELAUNCH_AS_ADMINISTRATOR "$EXEPATH"
  ${EndIf}
  !insertmacro TAKE_SCOPE
  !insertmacro DEFAULT_FOLDER
  ClearErrors
  ${GetOptions} $0 "/DESKTOP" $1
  ${IfNot} ${Errors}
    SectionSetFlags ${DesktopSection} ${SF_SELECTED}
  ${EndIf}
  ClearErrors
  ${GetOptions} $0 "/AUTOSTART" $1
  ${IfNot} ${Errors}
    SectionSetFlags ${AutostartSection} ${SF_SELECTED}
  ${EndIf}
FunctionEnd

Function un.onInit
  SetRegView 64
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/ALLUSERS" $1
  ${IfNot} ${Errors}
    StrCpy $ForAll 1
    !insertmacro RELAUNCH_AS_ADMINISTRATOR "$INSTDIR\uninstall.exe"
  ${EndIf}
  !insertmacro TAKE_SCOPE
FunctionEnd

Section "Uninstall"
  Call un.SetOldAside
  RMDir /r "$INSTDIR\_internal.old"
  Delete "$INSTDIR\PortView.exe"
  Delete "$INSTDIR\portviewc.exe"
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\uninstall.exe"
  ; What somebody else put there stays, and the folder with it.
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\PortView.lnk"
  Delete "$DESKTOP\PortView.lnk"
  DeleteRegKey SHCTX "${UNINSTALL_KEY}"
  ; A profile that had no programs of its own before has no such key afterwards.
  DeleteRegKey /ifempty SHCTX "${UNINSTALL_KEYS}"
  Call un.RemoveAutostart
  Call un.RemoveSettings
SectionEnd

; A value that starts another PortView is not ours.
Function un.RemoveAutostart
  ReadRegStr $0 HKCU "${RUN_KEY}" "PortView"
  ${If} $0 == '${RUN_LINE}'
    DeleteRegValue HKCU "${RUN_KEY}" "PortView"
  ${EndIf}
FunctionEnd

Function un.RemoveSettings
  ; What a person chose is in the profile, whoever has the program.
  SetShellVarContext current
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/SETTINGS" $1
  ${If} ${Errors}
    MessageBox MB_ICONQUESTION|MB_YESNO|MB_DEFBUTTON2 "Remove your settings, the log and the record of what was done as well?" /SD IDNO IDYES remove
    Return
  ${EndIf}
  remove:
  RMDir /r "$APPDATA\PortView"
  ; The program itself may be in the folder Programs beside it.
  RMDir /r "$LOCALAPPDATA\PortView"
FunctionEnd
