"""The parts of the page that know nothing of its layout: sessions, the viewer component, what is said in words."""
