# Builds numpy for Windows inside the bench's Debian root, which forgets afterwards what is
# installed here. /exchange has the sources and python311.dll, and gets packages/ and licences/.
set -eu

# The headers of CPython 3.11, whose sources Debian's release of that time has.
sed -n 's/^deb /deb-src /; s/ trixie / bookworm /p' /etc/apt/sources.list \
    > /etc/apt/sources.list.d/sources.list
apt-get -q update
apt-get -q -y --no-install-recommends -o APT::Keep-Downloaded-Packages=true \
    -o 'Dpkg::Options::=--path-include=/usr/share/doc/*/copyright' \
    install --reinstall \
    g++-mingw-w64-ucrt64 gcc-mingw-w64-base mingw-w64-ucrt64-dev ninja-build cython3 python3
mkdir -p /opt/python /tmp/headers /tmp/numpy
cd /tmp/headers
apt-get -q source --download-only --only-source python3.11
tar -xzf python3.11_*.orig.tar.gz -C /opt/python --strip-components=1 \
    --wildcards '*/Include' '*/PC/pyconfig.h'
# numpy takes it, together with GCC, for the sign of a compiler of long ago and warns at each import.
echo '#undef MS_WIN64' >> /opt/python/PC/pyconfig.h
cp /recipe/python.sh /opt/python/python
chmod +x /opt/python/python

gendef - /exchange/python311.dll > /tmp/python311.def
x86_64-w64-mingw32ucrt-dlltool -D python311.dll -d /tmp/python311.def \
    -l /usr/x86_64-w64-mingw32ucrt/lib/libpython3.11.a

tar -xzf /exchange/sources.tar.gz -C /tmp/numpy --strip-components=1
cd /tmp/numpy
python3 vendored-meson/meson/meson.py setup /tmp/build --cross-file /recipe/cross.ini "$@"
# What is imported with numpy, and what PyInstaller's hook of numpy expects. Random numbers are
# kept out of the program anyway, and nothing imports lapack_lite.
modules='numpy/_core/_multiarray_(umath|tests)|numpy/fft/[^/]*|numpy/linalg/_umath_linalg'
targets=$(ninja -C /tmp/build -t targets all | sed -nE "s,^(($modules)\.cp311[^/]*\.pyd):.*,\1,p")
ninja -C /tmp/build $targets

mkdir -p /exchange/packages /exchange/licences
find numpy -name '*.py' ! -path '*/tests/*' ! -path 'numpy/random/*' ! -path 'numpy/f2py/*' \
    ! -path 'numpy/distutils/*' -print0 | tar -c --null -T - | tar -x -C /exchange/packages
cd /tmp/build
tar -c $targets numpy/__config__.py | tar -x -C /exchange/packages

cp /tmp/numpy/PKG-INFO /exchange/METADATA
cp /tmp/numpy/LICENSE.txt /tmp/numpy/LICENSES_bundled.txt /exchange/licences
cp /usr/share/doc/gcc-mingw-w64-base/copyright /exchange/licences/gcc-runtime.txt
cp /usr/share/doc/mingw-w64-ucrt64-dev/copyright /exchange/licences/mingw-w64.txt
dpkg-query -W -f '${Package} ${Version}\n' gcc-mingw-w64-base mingw-w64-ucrt64-dev > /exchange/versions
