"""The servers and fixtures that the tests of every service stand on."""
