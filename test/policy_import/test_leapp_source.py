"""Bundles that leapp itself has made, compared with leapp."""

import hashlib

import numpy as np
import pytest
import torch
import yaml

from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import write_bundle
from dnne_ros.policies.checking import check_bundle
from dnne_ros.policies.runtimes import onnxruntime_policy
from dnne_ros.policy_import.importing import Source, imported_bundle
