# SPDX-License-Identifier: GPL-3.0-or-later
"""Perl (CLFS: Perl). Its Configure asks the machine that it runs on, so the system itself builds it."""

from collections.abc import Mapping, Sequence

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("perl")

# What scripts of glibc, autoconf, texinfo and others use; a build leaves out in silence what it lacks something for.
_MODULES = (
    *("Compress::Raw::Zlib", "Cwd", "Data::Dumper", "Digest::MD5", "Digest::SHA", "Encode", "Errno", "Fcntl"),
    *("File::Glob", "File::Temp", "Getopt::Long", "IO::File", "IPC::Open3", "List::Util", "MIME::Base64", "POSIX"),
    *("Socket", "Storable", "Text::ParseWords", "Time::HiRes", "Unicode::Normalize", "threads"),
)
_OF_FINAL = ("Compress::Raw::Bzip2", "GDBM_File", "NDBM_File")


@recipe.step("stage2")
def stage2(sh: Script) -> None:
    """perl, built by the system itself"""
    tools = sh.prefix
    libraries = " ".join(f"{tools}/{libdir}" for libdir in sh.arch.libdirs)
    sh.unpack()
    sh.patch()
    # Headers are not in /usr/include (CLFS); and no time, user or kernel of the build in `perl -V`.
    sh.replace("ext/Errno/Errno_pm.PL", '"$sysroot/usr/include"', f'"{tools}/include"')
    _configure(
        sh,
        {"cc": f"gcc {sh.abi.flag}", "optimize": "-O2"},
        {
            # Headers and libraries of the system; there are no others.
            "usrinc": f"{tools}/include",
            "locincpth": "",
            "loclibpth": "",
            "glibpth": libraries,
            "libpth": libraries,
            "plibpth": "",
            "libs": "-lm -lcrypt",
            "man1dir": "none",
            "man3dir": "none",
        },
        # Databases that the system does not have:
        without="DB_File GDBM_File NDBM_File ODBM_File",
        last={},
    )
    sh.make()
    sh.install("install.perl")  # manuals would be put into /, when there is to be no place for them
    _finish(sh, _MODULES)


@recipe.step("final")
def final(sh: Script) -> None:
    """perl, with its modules and their manual"""
    sh.toolchain()
    sh.needs(*(f"{library}-{sh.abi.bits}" for library in ("bzip2", "gdbm", "libxcrypt", "zlib")))
    sh.needs("locales")  # it tries what LC_ALL is called
    sh.unpack()
    sh.patch()
    # MakeMaker would look for libraries in gcc's folders before libpth, and find those of 32 bits first.
    sh.replace("cpan/ExtUtils-MakeMaker/lib/ExtUtils/Liblist/Kid.pm", "unshift @libpath", "push @libpath")
    _configure(
        sh,
        {"cc": sh.compilers["CC"], "optimize": sh.compilers["CFLAGS"]},
        {
            # Whatever else is there when it is built: /usr/local, or (below) /etc/hosts.
            "locincpth": "",
            "loclibpth": "",
            "glibpth": sh.libdir,
            "libpth": sh.libdir,
            "libs": "-lm -lcrypt -lgdbm -lgdbm_compat",
            "man1dir": "/usr/share/man/man1",
            "man3dir": "/usr/share/man/man3",
            "pager": "/usr/bin/less -isR",
        },
        without="DB_File ODBM_File",  # Berkeley's, and the oldest interface of gdbm
        last={"incpth": "/usr/include", "libpth": sh.libdir, "libspath": sh.libdir, "hostcat": "cat /etc/hosts"},
    )
    # The system's libraries, not the copies that come with it.
    words = ("BUILD_ZLIB=False", "BUILD_BZIP2=0")
    sh.make(*words)
    sh.install(*words)
    _finish(sh, (*_MODULES, *_OF_FINAL))


def _configure(
    sh: Script,
    compiler: Mapping[str, str],
    options: Mapping[str, str],
    *,
    without: str,
    last: Mapping[str, str],
) -> None:
    last = {"cf_time": "Wed Jan  1 00:00:00 UTC 2020", "osvers": "6.12", "myuname": "linux", **last}
    sh.write("$SRC/config.over", "".join(f"{name}='{value}'\n" for name, value in last.items()))
    lib = f"{sh.libdir}/perl5"
    words = {
        "prefix": sh.prefix,
        **compiler,
        "privlib": f"{lib}/core_perl",
        "archlib": f"{lib}/core_perl",
        "sitelib": f"{lib}/site_perl",
        "sitearch": f"{lib}/site_perl",
        "vendorprefix": sh.prefix,
        "vendorlib": f"{lib}/vendor_perl",
        "vendorarch": f"{lib}/vendor_perl",
        **options,
        # Who built it where.
        "myhostname": "clfs",
        "mydomain": ".ruckus",
        "cf_by": "clfs",
        "cf_email": "clfs@clfs.ruckus",
        "perladmin": "clfs@clfs.ruckus",
        "noextensions": without,
    }
    # It heeds no -Dname=''.
    quoted = [f"-D{name}='{value}'" if value else f"-U{name}=" for name, value in words.items()]
    sh.sh(" \\\n    ".join(["sh Configure -des -Duseshrplib -Dusethreads", *quoted]))


def _finish(sh: Script, modules: Sequence[str]) -> None:
    sh.sh(f"""
        find "$OUT" \\( -name .packlist -o -name perllocal.pod \\) -delete  # with the time, and the path of $OUT
        for module in {" ".join(modules)}; do
            LD_LIBRARY_PATH=. ./perl -Ilib -e "use $module; 1"
        done
    """)
