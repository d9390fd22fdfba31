/* SPDX-License-Identifier: GPL-3.0-or-later
   What a C library and compiler of one ABI must be able to do: threads, dlopen(3), locales, conversions. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <iconv.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define CHECK(what)                                                   \
    do {                                                              \
        if (!(what)) {                                                \
            printf("program.c:%d: not so: %s\n", __LINE__, #what);    \
            exit(1);                                                  \
        }                                                             \
    } while (0)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int own;
static int sum;

static void *count(void *number)
{
    for (own = 0; own < 1000; own++) {
        pthread_mutex_lock(&lock);
        sum += *(int *)number;
        pthread_mutex_unlock(&lock);
    }
    return &own;
}

static void threads(void)
{
    pthread_t thread[4];
    int number[4];
    for (int i = 0; i < 4; i++) {
        number[i] = i;
        CHECK(pthread_create(&thread[i], NULL, count, &number[i]) == 0);
    }
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(thread[i], NULL) == 0);
    CHECK(sum == 6000 && own == 0);
}

static void plugin(const char *path)
{
    void *library = dlopen(path, RTLD_NOW);
    if (!library)
        printf("%s\n", dlerror());
    CHECK(library);
    long (*size)(void) = (long (*)(void))dlsym(library, "size_of_a_pointer");
    CHECK(size && size() == (long)sizeof(void *));
    CHECK(dlclose(library) == 0);
}

static void locale(void)
{
    wchar_t wide[8];
    CHECK(setlocale(LC_ALL, "C.UTF-8"));
    CHECK(strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
    CHECK(mbstowcs(wide, "\303\244", 8) == 1 && wide[0] == 0xe4);
}

/* EUC-JP is converted by a plugin of the C library, which needs another library. */
static void conversion(void)
{
    char text[] = "\343\201\202", converted[8] = "", *in = text, *out = converted;
    size_t left = strlen(text), room = sizeof converted;
    iconv_t conversion = iconv_open("EUC-JP", "UTF-8");
    CHECK(conversion != (iconv_t)-1);
    CHECK(iconv(conversion, &in, &left, &out, &room) == 0 && strcmp(converted, "\244\242") == 0);
    CHECK(iconv_close(conversion) == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2);
    threads();
    plugin(argv[1]);
    locale();
    conversion();
    printf("works with %d bits, %d\n", (int)(CHAR_BIT * sizeof(void *)), LONG_BIT);
    return 0;
}
