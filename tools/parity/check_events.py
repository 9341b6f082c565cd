"""Check that TensorBoard reads a run's event files, and finds in them what the run's other files say.

    python check_events.py runs/digits-001 ...

Reads them as TensorBoard does, with what resumed processes made void dropped, by both of its accumulators: the one for
programs, and the one that it shows runs by, which differ in what they drop. Compares every number with metrics.jsonl (in single
precision), every grid with the PNG files byte by byte, and the text with config.toml. Prints how many of each agreed; fails
where one does not.
"""

import argparse
import html
import io
import json
import re
from pathlib import Path

import numpy as np
from PIL import Image
from tensorboard import plugin_util
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator as PluginAccumulator
from tensorboard.util import tensor_util

TAGS = {
    "loss": "loss/train",
    "loss_max": "loss/train_max",
    "holdout_loss": "loss/held_out",
    "vlb": "loss/vlb",
    "grad_norm": "gradient/norm",
    "grad_norm_max": "gradient/norm_max",
    "lr": "training/learning_rate",
    "images_per_second": "training/pictures_per_second",
    "skipped": "training/skipped",
    "spikes": "training/spikes",
    "frechet": "quality/frechet",
    "nll": "quality/nll",
}
QUARTERS = ["loss_by_t/1_cleanest", "loss_by_t/2", "loss_by_t/3", "loss_by_t/4_noisiest"]


def numbers(run):
    """Every number of metrics.jsonl: for each tag its steps and values."""
    found = {}
    for line in map(json.loads, (run / "metrics.jsonl").read_text().splitlines()):
        step = line.pop("step")
        values = list(zip(QUARTERS, line.pop("loss_quarters", [])))
        values += [(TAGS[key], value) for key, value in line.items()]
        for tag, value in values:
            if value is not None:
                found.setdefault(tag, []).append((step, float(np.float32(value))))
    return found


def check(run):
    """Compare; gives what to print."""
    # Zero keeps every event.
    events = EventAccumulator(str(run), size_guidance={kind: 0 for kind in ["scalars", "images", "tensors"]})
    events.Reload()
    shown = PluginAccumulator(str(run), size_guidance={"tensors": 0}, tensor_size_guidance={"scalars": 0, "images": 0})
    shown.Reload()
    tags, expected = events.Tags(), numbers(run)
    assert sorted(tags["scalars"]) == sorted(expected), (tags["scalars"], list(expected))
    for tag, values in expected.items():
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        assert found == values, f"{tag}: {found} in place of {values}"
        found = [(event.step, tensor_util.make_ndarray(event.tensor_proto).item()) for event in shown.Tensors(tag)]
        assert found == values, f"{tag} as shown: {found} in place of {values}"
    files = {int(path.stem[-7:]): path for path in run.glob("samples/step-*.png")}
    if (run / "final.png").exists():
        files[max(step for values in expected.values() for step, _ in values)] = run / "final.png"
    grids = events.Images("samples/grid") if files else []
    assert [grid.step for grid in grids] == sorted(files), ([grid.step for grid in grids], sorted(files))
    for grid in grids:
        assert grid.encoded_image_string == files[grid.step].read_bytes(), files[grid.step]
        assert Image.open(io.BytesIO(grid.encoded_image_string)).size == (grid.width, grid.height)
    found = [event.tensor_proto.string_val[2] for event in shown.Tensors("samples/grid")] if files else []
    assert found == [grid.encoded_image_string for grid in grids]
    assert tags["tensors"] == ["config"], tags["tensors"]
    text = events.Tensors("config")[-1].tensor_proto.string_val[0]
    block = re.fullmatch("<pre><code>(.*)</code></pre>", plugin_util.markdown_to_safe_html(text), re.DOTALL)
    assert html.unescape(block[1]) == (run / "config.toml").read_text()
    count = sum(map(len, expected.values()))
    return f"{count} numbers under {len(expected)} tags, {len(grids)} grids, the settings"


def main():
    """Check each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="+", type=Path)
    for run in parser.parse_args().run:
        files = len(list(run.glob("events.out.tfevents.*")))
        print(f"{run}: {check(run)} agree, in {files} event file{'s' * (files > 1)}")


if __name__ == "__main__":
    main()
