"""Saves a small frame in every image format that this Blender writes.

    blender -b --factory-startup -P make_images.py -- FOLDER [WIDTH HEIGHT]

Each file is named after the format and its options. The picture has edges,
gradients and transparency, so that compressed data differs from row to row.
"""
import os
import sys

import bpy

folder, *size = sys.argv[sys.argv.index("--") + 1:]
os.makedirs(folder, exist_ok=True)
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = 2
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = map(int, size or (70, 50))
scene.render.resolution_percentage = 100
scene.render.film_transparent = True
bpy.ops.render.render()
image = bpy.data.images["Render Result"]
settings = scene.render.image_settings


def save(name, file_format, **options):
    try:
        if hasattr(settings, "media_type"):
            settings.media_type = "MULTI_LAYER_IMAGE" if file_format == "OPEN_EXR_MULTILAYER" else "IMAGE"
        settings.file_format = file_format
        for key, value in options.items():
            setattr(settings, key, value)
        image.save_render(os.path.join(folder, name), scene=scene)
        print("MADE", name)
    except (TypeError, AttributeError, RuntimeError) as error:
        print("LEFT OUT", name, error)


for mode in "BW", "RGB", "RGBA":
    for depth in "8", "16":
        save(f"png-{mode}{depth}.png", "PNG", color_mode=mode, color_depth=depth)
for codec in "NONE", "DEFLATE", "LZW", "PACKBITS":
    for depth in "8", "16":
        save(f"tiff-{codec}{depth}.tif", "TIFF", color_mode="RGBA", color_depth=depth, tiff_codec=codec)
save("jpeg-RGB.jpg", "JPEG", color_mode="RGB", quality=90)
save("jpeg-RGB50.jpg", "JPEG", color_mode="RGB", quality=50)
save("jpeg-BW.jpg", "JPEG", color_mode="BW", quality=90)
for quality in 90, 100:
    save(f"webp-{quality}.webp", "WEBP", color_mode="RGB", quality=quality)
    save(f"webp-alpha-{quality}.webp", "WEBP", color_mode="RGBA", quality=quality)
for mode in "BW", "RGB", "RGBA":
    save(f"targa-{mode}.tga", "TARGA", color_mode=mode)
    save(f"targa-raw-{mode}.tga", "TARGA_RAW", color_mode=mode)
save("bmp.bmp", "BMP", color_mode="RGB")
save("bmp-BW.bmp", "BMP", color_mode="BW")
save("hdr.hdr", "HDR", color_mode="RGB")
save("iris.rgb", "IRIS", color_mode="RGB")
for codec in "JP2", "J2K":
    save(f"jpeg2000.{codec.lower()}", "JPEG2000", color_mode="RGB", jpeg2k_codec=codec, quality=90)
    save(f"jpeg2000-16.{codec.lower()}", "JPEG2000", color_mode="RGBA", color_depth="16", jpeg2k_codec=codec, quality=90)
for depth in "8", "10", "12", "16":
    save(f"dpx-{depth}.dpx", "DPX", color_mode="RGB", color_depth=depth)
save("cineon.cin", "CINEON", color_mode="RGB")
save("avif.avif", "AVIF", color_mode="RGB", quality=90)
save("psd.psd", "PSD")
save("dds.dds", "DDS")
for codec in "NONE", "PXR24", "ZIP", "PIZ", "RLE", "ZIPS", "B44", "B44A", "DWAA", "DWAB":
    save(f"exr-{codec}.exr", "OPEN_EXR", color_mode="RGBA", color_depth="16", exr_codec=codec)
save("exr-float.exr", "OPEN_EXR", color_mode="RGBA", color_depth="32", exr_codec="ZIP")
save("exr-multilayer.exr", "OPEN_EXR_MULTILAYER", color_depth="16", exr_codec="ZIP")
