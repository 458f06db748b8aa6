"""Loads checkpoints that Pinch has written with transformers, beside the ONNX models that they are of.

  written_checkpoints.py   reads from standard input a line of JSON for each pair: {"name", "onnx", "checkpoint"}

Prints a line of JSON for each: the keys that from_pretrained misses or does not expect, the largest logit, and how far those of transformers
are from onnxruntime's, for a recording alone and two of two lengths together.
"""
import json, logging, os, sys, warnings

warnings.filterwarnings("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import onnxruntime
import torch
import transformers

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

for line in sys.stdin:
    pair = json.loads(line)
    model, info = transformers.AutoModelForCTC.from_pretrained(pair["checkpoint"], output_loading_info=True)
    model.eval()
    session = onnxruntime.InferenceSession(pair["onnx"], providers=["CPUExecutionProvider"])
    inputs = {value.name: value for value in session.get_inputs()}
    mask_name = next((name for name in inputs if "mask" in name), None)
    audio_name = next(name for name in inputs if name != mask_name)
    random = np.random.default_rng(0)
    difference = largest = 0.0
    for lengths in [[9_000], [16_000, 11_200]]:
        audio = np.zeros((len(lengths), max(lengths)), np.float32)
        mask = np.zeros(audio.shape, np.int64)
        for row, length in enumerate(lengths):
            audio[row, :length] = random.standard_normal(length)
            mask[row, :length] = 1
        feeds = {audio_name: audio}
        if mask_name is not None:
            feeds[mask_name] = mask.astype({"tensor(int64)": np.int64, "tensor(bool)": bool, "tensor(int32)": np.int32}[inputs[mask_name].type])
        with torch.no_grad():
            theirs = model(torch.from_numpy(audio), attention_mask=torch.from_numpy(mask) if mask_name else None).logits.numpy()
        ours = session.run(None, feeds)[0]
        # Frames of padding are not specified.
        frames = [theirs.shape[1] if not mask_name else int(model._get_feat_extract_output_lengths(torch.tensor(length))) for length in lengths]
        for row, count in enumerate(frames):
            count = min(count, theirs.shape[1])
            difference = max(difference, float(np.abs(theirs[row, :count] - ours[row, :count]).max()))
            largest = max(largest, float(np.abs(ours[row, :count]).max()))
    keys = {key: sorted(map(str, info[key])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")}
    print(json.dumps(dict(name=pair["name"], difference=difference, largest=largest, **keys)), flush=True)
