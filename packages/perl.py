# SPDX-License-Identifier: GPL-3.0-or-later
"""Perl (CLFS: Perl). Its Configure asks the machine that it runs on, so the system itself builds it."""

from ruckus_aux.recipes.recipe import Recipe
from ruckus_aux.recipes.script import Script

recipe = Recipe("perl")

# What scripts of glibc, autoconf, texinfo and others use; a build leaves out in silence what it lacks something for.
_MODULES = (
    *("Compress::Raw::Zlib", "Cwd", "Data::Dumper", "Digest::MD5", "Digest::SHA", "Encode", "Errno", "Fcntl"),
    *("File::Glob", "File::Temp", "Getopt::Long", "IO::File", "IPC::Open3", "List::Util", "MIME::Base64", "POSIX"),
    *("Socket", "Storable", "Text::ParseWords", "Time::HiRes", "Unicode::Normalize", "threads"),
)


@recipe.step("stage2")
def stage2(sh: Script) -> None:
    """perl, built by the system itself"""
    tools = sh.prefix
    lib = f"{sh.libdir}/perl5"
    libraries = " ".join(f"{tools}/{libdir}" for libdir in sh.arch.libdirs)
    sh.unpack()
    sh.patch()
    # Headers are not in /usr/include (CLFS); and no time, user or kernel of the build in `perl -V`.
    sh.replace("ext/Errno/Errno_pm.PL", '"$sysroot/usr/include"', f'"{tools}/include"')
    sh.write("$SRC/config.over", "cf_time='Wed Jan  1 00:00:00 UTC 2020'\nosvers='6.12'\nmyuname='linux'\n")
    options = {
        "prefix": tools,
        "cc": f"gcc {sh.abi.flag}",
        "optimize": "-O2",
        "privlib": f"{lib}/core_perl",
        "archlib": f"{lib}/core_perl",
        "sitelib": f"{lib}/site_perl",
        "sitearch": f"{lib}/site_perl",
        "vendorprefix": tools,
        "vendorlib": f"{lib}/vendor_perl",
        "vendorarch": f"{lib}/vendor_perl",
        # Headers and libraries of the system, and no others.
        "usrinc": f"{tools}/include",
        "locincpth": "",
        "loclibpth": "",
        "glibpth": libraries,
        "libpth": libraries,
        "plibpth": "",
        "libs": "-lm -lcrypt",
        "man1dir": "none",
        "man3dir": "none",
        # Who built it where.
        "myhostname": "clfs",
        "mydomain": ".ruckus",
        "cf_by": "clfs",
        "cf_email": "clfs@clfs.ruckus",
        "perladmin": "clfs@clfs.ruckus",
        # Databases that the system does not have:
        "noextensions": "DB_File GDBM_File NDBM_File ODBM_File",
    }
    words = [f"-D{name}='{value}'" for name, value in options.items()]
    sh.sh(" \\\n    ".join(["sh Configure -des -Duseshrplib -Dusethreads", *words]))
    sh.make()
    sh.install("install.perl")  # manuals would be put into /, when there is to be no place for them
    sh.sh(f"""
        find "$OUT" \\( -name .packlist -o -name perllocal.pod \\) -delete  # with the time, and the path of $OUT
        for module in {" ".join(_MODULES)}; do
            LD_LIBRARY_PATH=. ./perl -Ilib -e "use $module; 1"
        done
    """)
