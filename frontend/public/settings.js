// Nothing is set here: a server that knows better answers in place of this file. See src/settings.ts.
window.SPANFALL_SETTINGS = {};
