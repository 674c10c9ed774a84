"""Pure renderers over one result model: terminal, HTML, JUnit, JSON."""
