"""What a product's properties are called and typed in conditions."""

from __future__ import annotations

import yaml

from monokoto.connect.products import compile_model
from monokoto.operate.conditions import CelType, check, variables_of

MODEL = """
"@context": ["https://www.w3.org/2022/wot/td/v1.1"]
"@type": "tm:ThingModel"
title: Machine
version: { model: "1.0.0" }
properties:
  temperature: { type: number }
  count: { type: integer }
  running: { type: boolean }
  state: { type: string, enum: [idle, busy] }
  oil-level: { type: number }
  samples: { type: array, items: { type: number } }
  labels: { type: array, items: { type: string } }
  shapes: { type: array, items: { type: object } }
  anything: { type: array }
  firmware:
    type: object
    properties:
      version: { type: string }
      build: { type: object, properties: { number: { type: integer }, odd: {} } }
      flags: { type: array, items: { type: boolean } }
  blob: { type: object }
"""


def test_properties_become_variables() -> None:
    model = compile_model(1, "machine", yaml.safe_load(MODEL))
    variables = variables_of(model)
    assert variables == {
        "temperature": CelType.NUMBER,
        "count": CelType.INTEGER,
        "running": CelType.BOOLEAN,
        "state": CelType.TEXT,
        "oil-level": CelType.NUMBER,
        "samples": CelType.NUMBERS,
        "labels": CelType.TEXTS,
        "firmware.version": CelType.TEXT,
        "firmware.build.number": CelType.INTEGER,
        "firmware.flags": CelType.BOOLEANS,
    }
    condition = check('self["oil-level"] < 3 && firmware.flags[0]', variables, CelType.BOOLEAN)
    assert condition.names == {"oil-level", "firmware.flags"}
    assert condition.reference({"oil-level": 2, "firmware.flags": [True]}) is True
