"""What keys do in the viewer: on the picture the same as in the gallery. Part of ``tui.actions``."""

from __future__ import annotations

from typing import Final

from invoke_tui.tui.action import Action
from invoke_tui.tui.picture_actions import copying, deleting, giving, rating, reading, using

VIEWER: Final = (
    Action("viewer.close", "viewer", "escape", "back", "Back", "",
           "Ends slide show, full screen, comparison, one after the other; then goes back.", footer=True),
    Action("viewer.next", "viewer", "n,space,pagedown", "go(1)", "Next", "Viewer: Next picture",
           "The next picture of the list."),
    Action("viewer.previous", "viewer", "N,backspace,pageup", "go(-1)", "Previous", "Viewer: Previous picture",
           "The picture before."),
    Action("viewer.right", "viewer", "right,l", "move(1,0)", "Right", "",
           "The next picture; of one that is larger than the screen, more at the right."),
    Action("viewer.left", "viewer", "left,h", "move(-1,0)", "Left", "",
           "The picture before; of one that is larger than the screen, more at the left."),
    Action("viewer.down", "viewer", "down,j", "move(0,1)", "Down", "",
           "More of the picture below where it is larger than the screen; else the details scroll."),
    Action("viewer.up", "viewer", "up,k", "move(0,-1)", "Up", "",
           "More of the picture above where it is larger than the screen; else the details scroll."),
    Action("viewer.first", "viewer", "home,g", "edge(0)", "First", "", "The first picture of the list."),
    Action("viewer.last", "viewer", "end,G", "edge(1)", "Last", "", "The last picture of the list."),
    Action("viewer.closer", "viewer", "plus,equals_sign", "zoom(1)", "Zoom", "Viewer: Zoom in",
           "Shows the picture larger; arrows then move over it.", footer=True),
    Action("viewer.farther", "viewer", "minus", "zoom(-1)", "Farther", "Viewer: Zoom out",
           "Shows the picture smaller."),
    Action("viewer.fit", "viewer", "0", "zoom(0)", "Fit", "Viewer: Fit the screen",
           "Shows all of the picture as large as there is room."),
    Action("viewer.exact", "viewer", "1", "exact", "1:1", "Viewer: One to one",
           "Shows one pixel of the picture as one of the screen; alt+1 goes to Generate."),
    Action("viewer.full", "viewer", "enter", "full", "Full screen", "Viewer: Full screen",
           "Shows nothing but the picture; again brings the rest back."),
    Action("viewer.details", "viewer", "f6,a", "details", "Details", "Viewer: Show or fold the details",
           "Puts what is known about the picture beside it.", footer=True),
    Action("viewer.histogram", "viewer", "H", "histogram", "Histogram", "Viewer: Show or fold the histogram",
           "How red, green, blue and light are spread over the picture, from dark to bright."),
    Action("viewer.slides", "viewer", "S", "slides", "Slide show", "Viewer: Slide show",
           "Goes on by itself, and at the end to the beginning; while flickering, changes the picture by itself."),
    Action("viewer.slower", "viewer", "greater_than_sign", "pace(1)", "Slower", "", "More seconds for each picture."),
    Action("viewer.faster", "viewer", "less_than_sign", "pace(-1)", "Faster", "", "Fewer seconds for each picture."),
    Action("viewer.compare", "viewer", "v", "compare(2)", "Compare", "Viewer: Compare",
           "Puts the picture beside those that are kept with b, else the one looked at before; again flickers, then "
           "shows the difference.", footer=True),
    Action("viewer.compare_four", "viewer", "V", "compare(4)", "Compare four", "Viewer: Compare four",
           "Puts the picture beside the three that follow."),
    Action("viewer.keep", "viewer", "b", "keep", "Keep", "Viewer: Keep for comparing",
           "Keeps the picture to be compared with others, up to three; again lets it go."),
    Action("viewer.turn", "viewer", "t", "turn", "Turn", "Viewer: Flicker",
           "While comparing, shows one and the next in its place."),
    Action("viewer.amplify", "viewer", "asterisk", "amplify", "Amplify", "Viewer: Amplify the difference",
           "Makes the difference 2, 4 and up to 64 times as strong, and then as it is."),
    Action("viewer.sharp", "viewer", "Q", "sharp", "Full quality", "Viewer: Full quality",
           "Sends every pixel and colour, however slow the line is; again sends what the line can take."),
    *rating("viewer"),
    *deleting("viewer"),
    *using("viewer"),
    Action("viewer.upscale", "viewer", "u", "use('upscale')", "Upscale", "Picture: Upscale",
           "Makes the picture larger with an upscaler."),
    *giving("viewer"),
    *copying("viewer"),
    *reading("viewer"),
)  # fmt: skip
"""Every action of the viewer."""
