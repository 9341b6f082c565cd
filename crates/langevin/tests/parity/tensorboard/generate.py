"""Reference records of TensorBoard's event files, made by its own package: its messages, its framing.

vectors.safetensors, all uint8:
  png, grey_png   pictures of 5 x 3 in RGB and 4 x 6 in grey
  config          settings
  record.NAME     an event as one record: length, checksum, message, checksum
    version       the first of a file, wall time 1750000000
    start         SessionLog.START of step 500, 1750000000.25
    line          every number that a line of metrics can have, of step 1234567, 1750000001.125
    small_line    learning rate and pictures a second alone, of step 7, 1750000002.5
    grid          png, of step 1000, 1750000003
    grey_grid     grey_png, of step 2000, 1750000003.5
    config        config as a block of code, of step 0, 1750000004
    long_config   the same of step 20, 1750000005
"""

import importlib.metadata
import io
import json
from pathlib import Path

import numpy as np
import safetensors.numpy
from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

CONFIG = '[train]\nsteps = 20\n# a note, with an \u03b5\n[data]\nsource = "digits"\n'
RATE = ("training/learning_rate", 2e-4)
SPEED = ("training/pictures_per_second", 1234.5)
LINE = [
    ("loss/train", 0.1),
    ("loss/train_max", 0.2),
    ("loss/held_out", 0.3),
    ("loss/vlb", 3.75),
    ("loss_by_t/1_cleanest", 0.75),
    ("loss_by_t/3", 0.0),
    ("loss_by_t/4_noisiest", 1e-3),
    ("quality/frechet", 12.5),
    ("quality/nll", 2.9),
    ("gradient/norm", 1.5),
    ("gradient/norm_max", 1e30),
    RATE,
    SPEED,
    ("training/skipped", 3),
    ("training/spikes", 16_777_217),
]


def record(event):
    """An event, framed."""
    stream = io.BytesIO()
    RecordWriter(stream).write(event.SerializeToString(deterministic=True))
    return np.frombuffer(stream.getvalue(), np.uint8)


def summary(wall_time, step, values):
    """An event of values."""
    return event_pb2.Event(wall_time=wall_time, step=step, summary=summary_pb2.Summary(value=values))


def scalars(wall_time, step, values):
    """An event of numbers under their tags."""
    return summary(wall_time, step, [summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in values])


def grid(wall_time, step, png):
    """An event of a picture, as torch.utils.tensorboard and TensorFlow 1 write it."""
    with Image.open(io.BytesIO(png)) as picture:
        (width, height), channels = picture.size, len(picture.getbands())
    image = summary_pb2.Summary.Image(
        height=height, width=width, colorspace=channels, encoded_image_string=png
    )
    return summary(wall_time, step, [summary_pb2.Summary.Value(tag="samples/grid", image=image)])


def config(wall_time, step):
    """An event of text, with the metadata of TensorBoard's own text plugin, as tf.summary.text has it."""
    metadata = text_metadata.create_summary_metadata(display_name=None, description=None)
    metadata.data_class = summary_pb2.DATA_CLASS_TENSOR
    tensor = tensor_util.make_tensor_proto(f"```toml\n{CONFIG.rstrip()}\n```")
    value = summary_pb2.Summary.Value(tag="config", metadata=metadata, tensor=tensor)
    return summary(wall_time, step, [value])


def picture(height, width, *channels):
    """A PNG file of some pattern."""
    stream = io.BytesIO()
    pixels = (np.arange(np.prod([height, width, *channels])) * 37 % 256).astype(np.uint8)
    Image.fromarray(pixels.reshape(height, width, *channels)).save(stream, "PNG")
    return stream.getvalue()


def main():
    """Write the vectors."""
    png, grey = picture(3, 5, 3), picture(6, 4)
    version = event_pb2.Event(
        wall_time=1.75e9,
        file_version="brain.Event:2",
        source_metadata=event_pb2.SourceMetadata(writer="langevin"),
    )
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    events = {
        "version": version,
        "start": event_pb2.Event(wall_time=1_750_000_000.25, step=500, session_log=start),
        "line": scalars(1_750_000_001.125, 1_234_567, LINE),
        "small_line": scalars(1_750_000_002.5, 7, [RATE, SPEED]),
        "grid": grid(1_750_000_003.0, 1000, png),
        "grey_grid": grid(1_750_000_003.5, 2000, grey),
        "config": config(1_750_000_004.0, 0),
        "long_config": config(1_750_000_005.0, 20),
    }
    inputs = {"png": png, "grey_png": grey, "config": CONFIG.encode()}
    arrays = {name: np.frombuffer(data, np.uint8) for name, data in inputs.items()}
    arrays |= {f"record.{name}": record(event) for name, event in events.items()}
    path = Path(__file__).with_name("vectors.safetensors")
    versions = json.dumps({name: importlib.metadata.version(name) for name in ["tensorboard", "protobuf", "numpy"]})
    safetensors.numpy.save_file(arrays, path, metadata={"versions": versions})


if __name__ == "__main__":
    main()
