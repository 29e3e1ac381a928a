/* start.exe COMMAND...: runs a Windows program for the bench and tells how it ended.
 *
 * Wine keeps some variables of the Unix environment to itself (QT_*, PATH, TEMP, ...), so the bench
 * hands all of them over under names with a prefix, and here they get their own names back. And of
 * a Windows exit code only the low byte survives on Unix: a crash must not look like success there.
 */

#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define PREFIX L"BENCH_SET_"
#define PREFIX_LENGTH (sizeof PREFIX / sizeof(wchar_t) - 1)
#define NOT_STARTED 127
#define LARGEST_UNIX_CODE 255

static void restore_environment(void)
{
    wchar_t *block = GetEnvironmentStringsW();
    for (wchar_t *entry = block; *entry; entry += wcslen(entry) + 1) {
        wchar_t *value = wcschr(entry + 1, L'=');
        if (wcsncmp(entry, PREFIX, PREFIX_LENGTH) != 0 || !value)
            continue;
        *value = L'\0';
        SetEnvironmentVariableW(entry + PREFIX_LENGTH, value + 1);
        SetEnvironmentVariableW(entry, NULL);
        *value = L'=';
    }
    FreeEnvironmentStringsW(block);
}

static wchar_t *skip_own_name(wchar_t *line)
{
    if (*line == L'"') {
        for (line++; *line && *line != L'"'; line++)
            ;
        line += *line == L'"';
    }
    while (*line && *line != L' ' && *line != L'\t')
        line++;
    while (*line == L' ' || *line == L'\t')
        line++;
    return line;
}

int wmain(void)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION program;
    DWORD code = NOT_STARTED;
    wchar_t *line = skip_own_name(GetCommandLineW());

    restore_environment();
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &program)) {
        fprintf(stderr, "bench: Windows error %lu: can't start %ls\n", GetLastError(), line);
        return NOT_STARTED;
    }
    WaitForSingleObject(program.hProcess, INFINITE);
    GetExitCodeProcess(program.hProcess, &code);
    if (code > LARGEST_UNIX_CODE)
        fprintf(stderr, "bench: the program ended with 0x%08lX\n", code);
    if (code > LARGEST_UNIX_CODE && (code & LARGEST_UNIX_CODE) == 0)
        return LARGEST_UNIX_CODE;
    return (int)code;
}
