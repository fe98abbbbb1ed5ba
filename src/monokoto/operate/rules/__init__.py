"""What is watched for: rules over readings, and the alerts they raise."""

from monokoto.operate.rules.change import AlertChange, ChangeKind, Evidence, Severity

__all__ = ["AlertChange", "ChangeKind", "Evidence", "Severity"]
