/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* arch-call x86|x32 NUMBER [ARGUMENT]: makes a system call as another architecture of this machine would, prints its
 * errno, or 0. Exits with 77 where there is no such architecture. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
        long number, argument, result;

        if (argc < 3)
                return 2;
        number = atol(argv[2]);
        argument = argc > 3 ? atol(argv[3]) : 0;
#if defined(__x86_64__)
        if (strcmp(argv[1], "x86") == 0)
                __asm__ volatile("int $0x80"
                                 : "=a"(result)
                                 : "a"(number), "b"(argument), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
                                 : "memory", "r8", "r9", "r10", "r11");
        else
                __asm__ volatile("syscall"
                                 : "=a"(result)
                                 : "a"(number | 0x40000000L), "D"(argument), "S"(0L), "d"(0L)
                                 : "memory", "rcx", "r8", "r9", "r10", "r11");
        result = (int) result; /* the first one's registers have 32 bits */
        printf("%ld\n", result < 0 && result > -4096 ? -result : 0);
        return 0;
#else
        (void) number, (void) argument, (void) result;
        return 77;
#endif
}
