"""What the engine's verbs cannot say of Mihu: one module an area, a function a tool."""
