; PortView's installer. packaging/windows_program/installer.py says what the words in capitals are.
;
; Options: /S silent, /ALLUSERS for all users, /DESKTOP, /AUTOSTART and /BACKGROUND for what is off by default,
; /NOPATH for a command that is not on the search path, /D=FOLDER (last, without quotes). Exit codes: 0 done, 1 cancelled, 2 not done.
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
!define MUI_WELCOMEFINISHPAGE_BITMAP "${PICTURES}/wizard.bmp"
!define MUI_WELCOMEFINISHPAGE_BITMAP_STRETCH AspectFitHeight
!define MUI_HEADERIMAGE
!define MUI_HEADERIMAGE_RIGHT
!define MUI_HEADERIMAGE_BITMAP "${PICTURES}/header.bmp"
!define MUI_HEADERIMAGE_BITMAP_STRETCH AspectFitHeight
!define MUI_HEADERIMAGE_UNBITMAP "${PICTURES}/header.bmp"
!define MUI_HEADERIMAGE_UNBITMAP_STRETCH AspectFitHeight
!define MUI_FINISHPAGE_RUN
!define MUI_FINISHPAGE_RUN_FUNCTION StartPortView
!define MUI_FINISHPAGE_NOAUTOCLOSE

!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
Page custom AskForWhom TakeForWhom
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "SimpChinese"

; Every sentence in both languages: English, then Chinese.
!macro SENTENCE NAME ENGLISH CHINESE
  LangString ${NAME} ${LANG_ENGLISH} "${ENGLISH}"
  LangString ${NAME} ${LANG_SIMPCHINESE} "${CHINESE}"
!macroend
!insertmacro SENTENCE ForWhomTitle "Who will use PortView?" "谁将使用 PortView？"
!insertmacro SENTENCE ForWhomText "Installing for everyone needs an administrator." "为所有人安装需要管理员权限。"
!insertmacro SENTENCE OnlyMe "Only &me" "仅自己(&M)"
!insertmacro SENTENCE Everyone "&Everyone who uses this computer" "使用此电脑的所有人(&E)"
!insertmacro SENTENCE EveryoneText "Only administrators can then change the program's files, which is safer where it runs as administrator." "这样只有管理员才能更改程序文件；以管理员身份运行时更安全。"
!insertmacro SENTENCE ProgramName "PortView" "PortView"
!insertmacro SENTENCE ProgramText "The window, the command and their libraries." "窗口程序、命令行程序及其库。"
!insertmacro SENTENCE CommandName "Command portview" "portview 命令"
!insertmacro SENTENCE CommandText "Type portview in any terminal. Adds a folder to the search path (PATH)." "可在任何终端中输入 portview。会向搜索路径 (PATH) 添加一个文件夹。"
!insertmacro SENTENCE DesktopName "Icon on the desktop" "桌面图标"
!insertmacro SENTENCE DesktopText "A shortcut on the desktop." "在桌面上创建快捷方式。"
!insertmacro SENTENCE AutostartName "Start when I sign in" "登录时启动"
!insertmacro SENTENCE AutostartText "PortView starts with an icon in the notification area." "PortView 启动后在通知区域显示图标。"
!insertmacro SENTENCE BackgroundName "Watch in the background" "在后台监视"
!insertmacro SENTENCE BackgroundText "Evaluates your watches without a window: for everyone as a Windows service, else from sign-in on." "无需窗口即可执行监视：为所有人安装时作为 Windows 服务运行，否则登录后运行。"
!insertmacro SENTENCE OtherProgram "$INSTDIR holds files of another program. Choose another folder." "$INSTDIR 中有其他程序的文件。请选择其他文件夹。"
!insertmacro SENTENCE AskingToClose "Asking PortView to close" "正在请求 PortView 关闭"
!insertmacro SENTENCE StillRuns "PortView is still running in $INSTDIR. Close it and try again." "PortView 仍在 $INSTDIR 中运行。请关闭后重试。"
!insertmacro SENTENCE StillRunsElevated "PortView is still running in $INSTDIR as administrator. Close it and try again." "PortView 仍以管理员身份在 $INSTDIR 中运行。请关闭后重试。"
!insertmacro SENTENCE NotWritten "The files could not be written to $INSTDIR." "无法将文件写入 $INSTDIR。"
!insertmacro SENTENCE TooOld "PortView needs Windows 10 or later." "PortView 需要 Windows 10 或更高版本。"
!insertmacro SENTENCE Needs64Bit "PortView needs 64-bit Windows." "PortView 需要 64 位 Windows。"
!insertmacro SENTENCE RulesLeft "Windows Firewall still has rules that PortView created. Remove them as well? This needs an administrator." "Windows 防火墙中仍有 PortView 创建的规则。是否一并删除？这需要管理员权限。"
!insertmacro SENTENCE SettingsLeft "Remove your settings, the log and the record of what was done as well?" "是否同时删除您的设置、日志和操作记录？"

Var ForAll       ; 1 where everyone gets the program
Var AllButton
Var MeButton
Var HasFolder    ; 1 where /D named a folder
Var HadService   ; 10 where the service ran and is to run again

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

!macro SCOPE_NAME
  ${If} $ForAll == 1
    StrCpy $0 "machine"
  ${Else}
    StrCpy $0 "user"
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
  !insertmacro MUI_HEADER_TEXT "$(ForWhomTitle)" "$(ForWhomText)"
  nsDialogs::Create 1018
  Pop $0
  ${NSD_CreateRadioButton} 0 10u 100% 12u "$(OnlyMe)"
  Pop $MeButton
  ${NSD_Check} $MeButton
  ${NSD_OnClick} $MeButton ShowShield
  ${NSD_CreateRadioButton} 0 28u 100% 12u "$(Everyone)"
  Pop $AllButton
  ${NSD_OnClick} $AllButton ShowShield
  ${NSD_CreateLabel} 12u 42u 90% 24u "$(EveryoneText)"
  Pop $0
  nsDialogs::Show
FunctionEnd

; The shield of Windows on the button that will ask for an administrator.
Function ShowShield
  Pop $0
  UserInfo::GetAccountType
  Pop $0
  ${If} $0 == "Admin"
    Return
  ${EndIf}
  ${NSD_GetState} $AllButton $0
  GetDlgItem $1 $HWNDPARENT 1
  SendMessage $1 ${BCM_SETSHIELD} 0 $0
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

!macro START_SERVICE_AGAIN
  ${If} $HadService == 10
    ExecWait '"$INSTDIR\PortView.exe" background-of-installer start' $2
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
    MessageBox MB_ICONSTOP|MB_OK "$(OtherProgram)" /SD IDOK
    SetErrorLevel ${NOT_DONE}
    Quit
  ${EndIf}
  RMDir /r "$INSTDIR\_internal.old"
  ; The service has the libraries in use; it is started again when the new ones are there.
  ExecWait '"$INSTDIR\PortView.exe" background-of-installer stop' $HadService
  again:
  DetailPrint "$(AskingToClose)"
  ExecWait '"$INSTDIR\PortView.exe" --quit' $0
  StrCpy $3 "$(StillRuns)"
  ${If} $0 == 3
    StrCpy $3 "$(StillRunsElevated)"
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
  MessageBox MB_ICONEXCLAMATION|MB_RETRYCANCEL "$3" /SD IDCANCEL IDRETRY again
  !insertmacro START_SERVICE_AGAIN
  SetErrorLevel ${NOT_DONE}
  Quit
FunctionEnd
!macroend
!insertmacro SET_OLD_ASIDE ""
!insertmacro SET_OLD_ASIDE "un."

Section "$(ProgramName)" ProgramSection
  SectionIn RO
  Call SetOldAside
  ClearErrors
  !include "${FILES}"
  ${If} ${Errors}
    RMDir /r "$INSTDIR\_internal"
    Rename "$INSTDIR\_internal.old" "$INSTDIR\_internal"
    !insertmacro START_SERVICE_AGAIN
    MessageBox MB_ICONSTOP|MB_OK "$(NotWritten)" /SD IDOK
    SetErrorLevel ${NOT_DONE}
    Quit
  ${EndIf}
  RMDir /r "$INSTDIR\_internal.old"
  !insertmacro START_SERVICE_AGAIN
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

; The program knows how to change a search path of any length; a portable one would do it as well.
Section "$(CommandName)" CommandSection
  !insertmacro SCOPE_NAME
  ExecWait '"$INSTDIR\PortView.exe" search-path add $0' $1
SectionEnd

Section /o "$(DesktopName)" DesktopSection
  !insertmacro SHORTCUT "$DESKTOP\PortView.lnk"
SectionEnd

; The same value as PortView's own setting writes, for the one person who is asked.
Section /o "$(AutostartName)" AutostartSection
  WriteRegStr HKCU "${RUN_KEY}" "PortView" '${RUN_LINE}'
SectionEnd

Section /o "$(BackgroundName)" BackgroundSection
  ${If} $ForAll == 1
    ExecWait '"$INSTDIR\PortView.exe" background install --kind service' $0
  ${Else}
    ExecWait '"$INSTDIR\PortView.exe" background install --kind login' $0
  ${EndIf}
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${ProgramSection} "$(ProgramText)"
  !insertmacro MUI_DESCRIPTION_TEXT ${CommandSection} "$(CommandText)"
  !insertmacro MUI_DESCRIPTION_TEXT ${DesktopSection} "$(DesktopText)"
  !insertmacro MUI_DESCRIPTION_TEXT ${AutostartSection} "$(AutostartText)"
  !insertmacro MUI_DESCRIPTION_TEXT ${BackgroundSection} "$(BackgroundText)"
!insertmacro MUI_FUNCTION_DESCRIPTION_END

Function .onInit
  SetRegView 64
  ${IfNot} ${AtLeastWin10}
    MessageBox MB_ICONSTOP|MB_OK "$(TooOld)" /SD IDOK
    SetErrorLevel ${NOT_DONE}
    Quit
  ${EndIf}
  ${IfNot} ${IsNativeAMD64}
  ${AndIfNot} ${IsNativeARM64}
    MessageBox MB_ICONSTOP|MB_OK "$(Needs64Bit)" /SD IDOK
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
  ClearErrors
  ${GetOptions} $0 "/BACKGROUND" $1
  ${IfNot} ${Errors}
    SectionSetFlags ${BackgroundSection} ${SF_SELECTED}
  ${EndIf}
  ClearErrors
  ${GetOptions} $0 "/NOPATH" $1
  ${IfNot} ${Errors}
    SectionSetFlags ${CommandSection} 0
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
  Call un.RemoveRules
  ExecWait '"$INSTDIR\PortView.exe" background-of-installer remove' $1
  !insertmacro SCOPE_NAME
  ExecWait '"$INSTDIR\PortView.exe" search-path remove $0' $1
  Call un.SetOldAside
  RMDir /r "$INSTDIR\_internal.old"
  Delete "$INSTDIR\PortView.exe"
  Delete "$INSTDIR\portviewc.exe"
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\bin\portview.cmd"
  RMDir "$INSTDIR\bin"
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

; The firewall keeps rules of programs that are gone, timed ones as well. Silently nothing of a
; person's is removed but the program.
Function un.RemoveRules
  ExecWait '"$INSTDIR\PortView.exe" own-rules' $0
  ${If} $0 != 10
    Return
  ${EndIf}
  MessageBox MB_ICONQUESTION|MB_YESNO "$(RulesLeft)" /SD IDNO IDYES remove
  Return
  remove:
  ExecWait '"$INSTDIR\PortView.exe" firewall revoke --all --yes --elevate' $0
FunctionEnd

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
    MessageBox MB_ICONQUESTION|MB_YESNO|MB_DEFBUTTON2 "$(SettingsLeft)" /SD IDNO IDYES remove
    Return
  ${EndIf}
  remove:
  RMDir /r "$APPDATA\PortView"
  ; The program itself may be in the folder Programs beside it.
  RMDir /r "$LOCALAPPDATA\PortView"
  SetShellVarContext all
  ; Of all users $APPDATA is ProgramData. What an elevated PortView kept, administrators may remove.
  RMDir /r "$APPDATA\PortView elevated"
  ${If} $ForAll == 1
    ; What the service has kept.
    RMDir /r "$APPDATA\PortView"
  ${EndIf}
  SetShellVarContext current
FunctionEnd
