/**
 * * Telemetry of this page, initialized when this module is imported; main.tsx imports it first. Inside a component it
 * * would be initialized twice.
 */
import { settings } from './settings';
import { startTelemetry } from './telemetry/start';

export const { tracer } = startTelemetry(settings);
