"""PoseLM: any multimodal language model, LoRA-adapted, that reads and writes pose tokens."""
