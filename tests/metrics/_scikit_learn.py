"""Writes _scikit_learn.jsonl: what scikit-learn prints of random predictions.

Debian's python3-sklearn has it: /usr/bin/python3 tests/metrics/_scikit_learn.py
"""

import json
import random
import warnings
from pathlib import Path

from sklearn.metrics import classification_report, confusion_matrix, top_k_accuracy_score

warnings.simplefilter("ignore")
random.seed(1)
rows = []
for case in range(24):
    classes = random.randint(2, 7)
    # Eighths are halves in binary and round to even; n / 200, say, is only near one.
    examples = random.choice([8, 16, 41, 97, 197])
    labels = [random.randrange(classes) for _ in range(examples)]
    labels[:classes] = range(classes)
    # No two alike: of equal scores, scikit-learn takes the last, argMax the first.
    scores = [[n / 1000 for n in random.sample(range(1000), classes)] for _ in labels]
    # One is right: of none, scikit-learn prints the supports with a point.
    scores[0][0] = 1
    predictions = [row.index(max(row)) for row in scores]
    names = [f"class {i}" if case % 2 else "abcdefg"[i] * (3 * i + 1) for i in range(classes)]
    rows.append(
        {
            "labels": labels,
            "scores": scores,
            "names": names,
            "text": classification_report(
                labels, predictions, labels=range(classes), target_names=names, digits=5
            ),
            "confusion": confusion_matrix(labels, predictions, labels=range(classes)).tolist(),
            "top2": top_k_accuracy_score(labels, scores, k=2, labels=range(classes))
            if classes > 2
            else 1.0,
        }
    )
path = Path(__file__).with_suffix(".jsonl")
path.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
