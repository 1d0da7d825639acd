"""Where content goes, behind one port."""
