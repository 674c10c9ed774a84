"""The only code that talks to live servers: answers asks with facts."""
