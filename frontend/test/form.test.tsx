import { cleanup, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { ResetForm } from '../src/ResetForm';
import type { Outcome } from '../src/reset-password';

const TRACE = '0af7651916cd43dd8448eb211c80319c';

afterEach(cleanup);

/** Renders the form, with a response controlled by the test. */
function form(traceUrl: (traceId: string) => string | undefined = () => undefined) {
  let answer: (outcome: Outcome) => void = () => {};
  let count = 0;
  const request = vi.fn((_email: string) => ({
    traceId: `${TRACE.slice(0, -1)}${++count}`,
    outcome: new Promise<Outcome>((resolve) => {
      answer = resolve;
    }),
  }));
  render(<ResetForm request={request} traceUrl={traceUrl} />);
  return { request, answer: (outcome: Outcome) => answer(outcome), user: userEvent.setup() };
}

const email = () => screen.getByRole('textbox', { name: 'Email address' }) as HTMLInputElement;
const button = () => screen.getByRole('button', { name: /Send/ });

test('form is sent with the keyboard alone', async () => {
  const { request, user } = form();
  await user.tab();
  expect(document.activeElement).toBe(email());
  await user.keyboard(' ada@example.com {Enter}');
  expect(request).toHaveBeenCalledExactlyOnceWith('ada@example.com');
});

test('pending request is announced, keeps the focus and is not sent twice', async () => {
  const { request, answer, user } = form();
  await user.type(email(), 'ada@example.com');
  await user.click(button());
  expect(button().textContent).toBe('Sending…');
  expect(button().getAttribute('aria-disabled')).toBe('true');
  expect(document.activeElement).toBe(button());
  await user.click(button());
  expect(request).toHaveBeenCalledTimes(1);

  answer({ ok: true, message: 'Sent.' });
  await screen.findByText('Sent.');
  expect(button().getAttribute('aria-disabled')).toBe('false');
  await user.click(button());
  expect(request).toHaveBeenCalledTimes(2);
});

test('result is announced to screen readers', async () => {
  const { answer, user } = form();
  const region = document.querySelector('[aria-live="polite"]');
  expect(region?.textContent).toBe('');
  await user.type(email(), 'ada@example.com{Enter}');
  expect(region?.textContent).toBe('Sending…');
  answer({ ok: false, message: 'The service is unreachable.' });
  await waitFor(() => expect(region?.textContent).toBe('The service is unreachable.'));
  expect(region?.querySelector('.error')).toBeTruthy();
});

test.each(['', '   ', 'ada', 'ada@', '@example.com'])('invalid address is not sent: %j', async (typed) => {
  const { request, user } = form();
  if (typed) {
    await user.type(email(), typed);
  }
  await user.click(button());
  expect(request).not.toHaveBeenCalled();
  const alert = screen.getByRole('alert');
  expect(email().getAttribute('aria-invalid')).toBe('true');
  expect(email().getAttribute('aria-describedby')).toBe(alert.id);
  expect(document.activeElement).toBe(email());

  await user.type(email(), 'x');
  expect(screen.queryByRole('alert')).toBeNull();
});

test('trace id is shown at once, can be copied, and is replaced by the next', async () => {
  const { answer, user } = form((traceId) => `https://acme.sentry.io/explore/traces/trace/${traceId}/`);
  expect(screen.queryByText(/Trace of the last request/)).toBeNull();
  await user.type(email(), 'ada@example.com{Enter}');
  const first = `${TRACE.slice(0, -1)}1`;
  screen.getByText(first);
  expect(screen.getByRole('link', { name: 'Open in Sentry' }).getAttribute('href')).toContain(first);

  await user.click(screen.getByRole('button', { name: 'Copy the trace id' }));
  await screen.findByText('Copied.');
  expect(await navigator.clipboard.readText()).toBe(first);

  answer({ ok: true, message: 'Sent.' });
  await screen.findByText('Sent.');
  await user.click(button());
  screen.getByText(`${TRACE.slice(0, -1)}2`);
  expect(screen.queryByText('Copied.')).toBeNull();
});

test('clipboard failure is reported, and without settings no link is shown', async () => {
  const { user } = form();
  await user.type(email(), 'ada@example.com{Enter}');
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('refused'));
  await user.click(screen.getByRole('button', { name: 'Copy the trace id' }));
  await screen.findByText(/select the id/);
  expect(screen.queryByRole('link')).toBeNull();
});

test('link in the mail leads to a note on the end of the demo', () => {
  const request = vi.fn();
  const { rerender } = render(<ResetForm request={request} traceUrl={() => undefined} />);
  expect(screen.queryByText(/demo ends/)).toBeNull();
  rerender(<ResetForm request={request} traceUrl={() => undefined} fromMail />);
  screen.getByText(/demo ends/);
});
