"""The gallery: boards, a grid of thumbnails, what is known of a picture, and what can be done with it."""
