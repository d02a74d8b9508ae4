"""The builder below the engine: outline, plan, cache, contexts and copies. It runs nothing by itself."""
