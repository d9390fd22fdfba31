/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What programs see of a machine, as it may be another time and elsewhere: loaded into those of a step that is built
 * again (LD_PRELOAD, see ld.so(8)), to find what depends on it. The last file of a folder comes first, the clock is AHEAD
 * of ours, and the kernel is another one. Files are dated by the kernel's own clock, so nothing is made in the future.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>

#define AHEAD (400 * 86400)    /* seconds: another day, month and year */
#define REAL(name) ((__typeof__ (name) *) dlsym (RTLD_NEXT, #name))

struct folder {
    DIR *stream;
    struct dirent **entries;
    size_t count;
    size_t next;    /* what readdir returns is below this */
    int error;      /* that ended the real one */
    struct folder *more;
};

static struct folder *folders;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static struct folder *find (DIR *stream)
{
    struct folder *folder = folders;
    while (folder && folder->stream != stream)
        folder = folder->more;
    return folder;
}

static void forget (DIR *stream)
{
    for (struct folder **link = &folders; *link; link = &(*link)->more)
        if ((*link)->stream == stream) {
            struct folder *folder = *link;
            *link = folder->more;
            while (folder->count)
                free (folder->entries[--folder->count]);
            free (folder->entries);
            free (folder);
            return;
        }
}

/* What is known of an open folder: all of it is read at once. */
static struct folder *known (DIR *stream)
{
    struct folder *folder = find (stream);
    if (folder)
        return folder;
    folder = calloc (1, sizeof *folder);
    if (!folder)
        abort ();
    struct dirent *entry;
    errno = 0;
    while ((entry = REAL (readdir) (stream))) {
        folder->entries = reallocarray (folder->entries, folder->count + 1, sizeof entry);
        struct dirent *copy = malloc (entry->d_reclen);
        if (!folder->entries || !copy)
            abort ();
        folder->entries[folder->count++] = memcpy (copy, entry, entry->d_reclen);
    }
    folder->error = errno;
    folder->stream = stream;
    folder->next = folder->count;
    folder->more = folders;
    return folders = folder;
}

struct dirent *readdir (DIR *stream)
{
    int before = errno;
    pthread_mutex_lock (&guard);
    struct folder *folder = known (stream);
    struct dirent *entry = folder->next ? folder->entries[--folder->next] : NULL;
    errno = entry || !folder->error ? before : folder->error;
    pthread_mutex_unlock (&guard);
    return entry;
}

/* The same function: off_t has 64 bits where this is compiled. */
struct dirent64 *readdir64 (DIR *stream) __attribute__ ((alias ("readdir")));

long telldir (DIR *stream)
{
    pthread_mutex_lock (&guard);
    long position = (long) known (stream)->next;
    pthread_mutex_unlock (&guard);
    return position;
}

void seekdir (DIR *stream, long position)
{
    pthread_mutex_lock (&guard);
    known (stream)->next = (size_t) position;
    pthread_mutex_unlock (&guard);
}

void rewinddir (DIR *stream)
{
    pthread_mutex_lock (&guard);
    forget (stream);
    pthread_mutex_unlock (&guard);
    REAL (rewinddir) (stream);
}

int closedir (DIR *stream)
{
    pthread_mutex_lock (&guard);
    forget (stream);
    pthread_mutex_unlock (&guard);
    return REAL (closedir) (stream);
}

int clock_gettime (clockid_t clock, struct timespec *now)
{
    int status = REAL (clock_gettime) (clock, now);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += AHEAD;
    return status;
}

int gettimeofday (struct timeval *restrict now, void *restrict zone)
{
    int status = REAL (gettimeofday) (now, zone);
    if (status == 0)
        now->tv_sec += AHEAD;
    return status;
}

time_t time (time_t *now)
{
    struct timespec precise;
    clock_gettime (CLOCK_REALTIME, &precise);
    return now ? (*now = precise.tv_sec) : precise.tv_sec;
}

int uname (struct utsname *kernel)
{
    int status = REAL (uname) (kernel);
    if (status == 0) {
        strcpy (kernel->release, "99.0-elsewhere");
        strcpy (kernel->version, "#1 elsewhere");
    }
    return status;
}
