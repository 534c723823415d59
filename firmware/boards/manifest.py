"""Frozen into MicroPython's image: what every image for the ESP32 has, and all of band/.

opt=2 as host_tools/image/compile.py: no assertions, but line numbers. boot.py and main.py are not
in it: `calfband flash` puts them on the file system, as MicroPython runs them by name.
"""

# Names that MicroPython's tools/manifestfile.py gives.
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false

include("$(PORT_DIR)/boards/manifest.py")
package("band", base_path="..", opt=2)
