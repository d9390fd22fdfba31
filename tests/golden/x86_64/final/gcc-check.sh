# needs: the-whole-system final/linux-headers final/glibc-64 final/binutils final/gcc final/gmp-64 final/mpfr final/mpc final/isl final/zlib-64 final/glibc-32
# sources: gcc-14.2.0.tar.xz
#!/bin/sh
set -eu
umask 022
mkdir -p "$SRC"
tar --no-same-owner --strip-components=1 --no-wildcards-match-slash --exclude='*/gcc/po/*.po' --exclude='*/gcc/ada' --exclude='*/gnattools' --exclude='*/libada' --exclude='*/gcc/fortran' --exclude='*/libgfortran' --exclude='*/gcc/m2' --exclude='*/libgm2' --exclude='*/libgo' --exclude='*/libphobos' --exclude='*/gcc/testsuite/gcc.target' --exclude='*/gcc/testsuite/[aor]*' --exclude='*/gcc/testsuite/g[dfmno]*' -xf "$SOURCES/gcc-14.2.0.tar.xz" -C "$SRC"
cd "$SRC"
mkdir -p "$BUILD"
cat > "$BUILD/site.exp" <<'END'
set build_triplet x86_64-ruckus-linux-gnu
set host_triplet x86_64-ruckus-linux-gnu
set target_triplet x86_64-ruckus-linux-gnu
set target_list "unix{-m32,-m64}"
set rootme .
set GCC_UNDER_TEST gcc
set GXX_UNDER_TEST g++
set HOSTCC gcc
set CFLAGS ""
set CXXFLAGS ""
END
mkdir -p "$BUILD"
cat > "$BUILD/Makefile" <<'END'
run = mkdir -p $@ && cp site.exp $@ && cd $@ && $(RUNTEST) --tool $@ --srcdir "$$SRC"
.PHONY: check gcc g++ libstdc++
check: gcc g++ libstdc++
gcc: ; $(run)/gcc/testsuite 'execute.exp=2000*.c'
g++: ; $(run)/gcc/testsuite 'dg.exp=eh/*'
libstdc++: ; $(run)/libstdc++-v3/testsuite 'conformance.exp=18_support/*'
END
cd "$BUILD"
{ make -k check RUNTEST=/tools/bin/runtest && echo "PASS: make" > "$HOME/made" || echo "FAIL: make" > "$HOME/made"; } 2>&1 | tee "$HOME/said"
mkdir -p "$HOME"
cat > "$HOME/expected" <<'END'

END
# stages.TALLY
