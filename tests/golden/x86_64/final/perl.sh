# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64 final/bzip2-64 final/gdbm-64 final/libxcrypt-64 final/locales
# sources: perl-5.40.1.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 -xf "$SOURCES/perl-5.40.1.tar.xz" -C "$SRC"
cd "$SRC"
grep -qF -e 'unshift @libpath' cpan/ExtUtils-MakeMaker/lib/ExtUtils/Liblist/Kid.pm || { echo 'error: cpan/ExtUtils-MakeMaker/lib/ExtUtils/Liblist/Kid.pm has no unshift @libpath' >&2; exit 1; }
sed -i 's,unshift @libpath,push @libpath,g' cpan/ExtUtils-MakeMaker/lib/ExtUtils/Liblist/Kid.pm
mkdir -p "$SRC"
cat > "$SRC/config.over" <<'END'
cf_time='Wed Jan  1 00:00:00 UTC 2020'
osvers='6.12'
myuname='linux'
incpth='/usr/include'
libpth='/usr/lib64'
libspath='/usr/lib64'
hostcat='cat /etc/hosts'
END
sh Configure -des -Duseshrplib -Dusethreads \
    -Dprefix='/usr' \
    -Dcc='gcc -m64' \
    -Doptimize='-O2' \
    -Dprivlib='/usr/lib64/perl5/core_perl' \
    -Darchlib='/usr/lib64/perl5/core_perl' \
    -Dsitelib='/usr/lib64/perl5/site_perl' \
    -Dsitearch='/usr/lib64/perl5/site_perl' \
    -Dvendorprefix='/usr' \
    -Dvendorlib='/usr/lib64/perl5/vendor_perl' \
    -Dvendorarch='/usr/lib64/perl5/vendor_perl' \
    -Ulocincpth= \
    -Uloclibpth= \
    -Dglibpth='/usr/lib64' \
    -Dlibpth='/usr/lib64' \
    -Dlibs='-lm -lcrypt -lgdbm -lgdbm_compat' \
    -Dman1dir='/usr/share/man/man1' \
    -Dman3dir='/usr/share/man/man3' \
    -Dpager='/usr/bin/less -isR' \
    -Dmyhostname='clfs' \
    -Dmydomain='.ruckus' \
    -Dcf_by='clfs' \
    -Dcf_email='clfs@clfs.ruckus' \
    -Dperladmin='clfs@clfs.ruckus' \
    -Dnoextensions='DB_File ODBM_File'
make BUILD_ZLIB=False BUILD_BZIP2=0
make install BUILD_ZLIB=False BUILD_BZIP2=0 DESTDIR="$OUT"
find "$OUT" \( -name .packlist -o -name perllocal.pod \) -delete  # with the time, and the path of $OUT
for module in Compress::Raw::Zlib Cwd Data::Dumper Digest::MD5 Digest::SHA Encode Errno Fcntl File::Glob File::Temp Getopt::Long IO::File IPC::Open3 List::Util MIME::Base64 POSIX Socket Storable Text::ParseWords Time::HiRes Unicode::Normalize threads Compress::Raw::Bzip2 GDBM_File NDBM_File; do
    LD_LIBRARY_PATH=. ./perl -Ilib -e "use $module; 1"
done
objects="^\(!<arch>\|$(printf '\177')ELF\)"
find "$OUT" -type f \( -name '*.[ao]' -o -name '*.so*' -o -perm -100 \) -exec grep -lZ "$objects" {} + \
    > "$HOME/objects" || [ $? = 1 ]  # where there are none
xargs -0 -r chmod u+w < "$HOME/objects"
grep -z '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-debug --enable-deterministic-archives
grep -zv '\.[ao]$' "$HOME/objects" | xargs -0 -r strip --strip-unneeded
