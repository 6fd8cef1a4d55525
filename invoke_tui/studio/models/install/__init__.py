"""Installing models: from a path, an address, the hub or Civitai, whole and verified or not at all."""
