"""Writes the pictures among the seeds that the library's own encoders cannot make: `python3 fuzz/pictures.py` (Pillow 13)."""

from pathlib import Path

from PIL import Image

folder = Path(__file__).parent / "corpus/picture"
colour = Image.new("RGB", (19, 17))
colour.putdata([(13 * x % 256, 15 * y % 256, 7 * x * y % 256) for y in range(17) for x in range(19)])
grey, palette = colour.convert("L"), colour.quantize(5)
alpha = colour.convert("RGBA")
alpha.putalpha(grey)

colour.save(folder / "progressive-jpg", "JPEG", progressive=True, quality=40)
colour.save(folder / "restarts-jpg", "JPEG", restart_marker_blocks=1, quality=30, subsampling=0)
colour.convert("CMYK").save(folder / "cmyk-jpg", "JPEG", quality=30)
turned = Image.Exif()
turned[0x0112] = 6
colour.save(folder / "turned-jpg", "JPEG", exif=turned, quality=30)
colour.save(folder / "lossy-webp", "WEBP", quality=30)
alpha.save(folder / "lossy-alpha-webp", "WEBP", quality=30)
grey.save(folder / "moving-webp", "WEBP", save_all=True, append_images=[grey.rotate(90)])
palette.save(folder / "palette-png", "PNG", transparency=2)
grey.convert("1").save(folder / "bits-png", "PNG")
palette.save(folder / "moving-gif", "GIF", save_all=True, append_images=[palette.rotate(90)], transparency=1)
palette.save(folder / "palette-bmp", "BMP")
for name, compression in [("lzw", "tiff_lzw"), ("deflate", "tiff_adobe_deflate"), ("packbits", "packbits"), ("fax", "group4")]:
    picture = grey.convert("1") if name == "fax" else colour
    picture.save(folder / f"{name}-tif", "TIFF", compression=compression)
