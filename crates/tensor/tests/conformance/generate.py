#!/usr/bin/env python3
"""Makes the cases of this folder with the libraries themselves, and the libraries' own answers.

usage: generate.py [FAMILY…]    (in an environment with `pip install -r requirements.txt`; no seed is taken from outside)
What a library refuses to run itself is printed and left out."""
import importlib, os, sys

os.environ["CUDA_VISIBLE_DEVICES"], os.environ["TF_CPP_MIN_LOG_LEVEL"] = "-1", "3"
FAMILIES = ["operators", "control", "networks", "classical", "pipelines", "forests", "boosters", "tensorflow_graphs", "further", "imputation", "sequences", "texts"]
for name in sys.argv[1:] or FAMILIES:
    importlib.import_module(name).make()
