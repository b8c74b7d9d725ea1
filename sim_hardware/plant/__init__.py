"""The machine itself: mechanics, bodies, sensors and the judge of what physically happened."""
