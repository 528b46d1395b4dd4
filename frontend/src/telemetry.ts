/**
 * Telemetry of this page, set up when this module is imported; main.tsx imports it before anything else. Inside a component it
 * would be set up twice.
 */
import { settings } from './settings';
import { startTelemetry } from './telemetry/start';

export const { tracer } = startTelemetry(settings);
