// Empty: the page server responds with its settings in place of this file. See src/settings.ts.
window.SPANFALL_SETTINGS = {};
