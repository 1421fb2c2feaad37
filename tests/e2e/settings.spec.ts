/** The settings sheet: what is in sight or found, what is refused, what a method holds, what a changed mind finds again. */
import { expect, test } from '@playwright/test';
import { SETTINGS } from '../../src/gasp/settings.ts';

test('every setting has its field; rarely changed ones are behind Advanced until one is changed', async ({
  page,
}) => {
  await page.goto('./');
  const open = page.getByRole('button', { name: 'Settings' });
  await open.click();
  const sheet = page.getByRole('dialog', { name: 'Settings of the next run' });
  const field = (label: string) => sheet.getByLabel(label, { exact: true });

  await expect(field('Rollouts')).toBeVisible();
  await expect(field('Weight decay')).toBeHidden();
  await sheet.getByText('Advanced').click();
  for (const { label } of Object.values(SETTINGS)) await expect(field(label)).toBeVisible();

  // Refused with a sentence, and the field says so to a screen reader.
  await field('Weight decay').fill('2');
  await expect(sheet.getByRole('alert')).toHaveText('Must be at most 1.');
  await expect(field('Weight decay')).toHaveAttribute('aria-invalid', 'true');
  await field('Weight decay').fill('0.5');
  await expect(sheet.getByRole('alert')).toHaveCount(0);

  // A part of a setting, and a choice whose note and source follow it.
  await field('rank').fill('4');
  await field('Estimator').selectOption('trr++');
  await expect(sheet.getByText('it needs a clip of 0.2')).toBeVisible();
  await expect(sheet.getByRole('link', { name: 'Zhao et al. 2025' })).toBeVisible();

  // The default method is this project's own, which has no paper to link to; it fixes what it learns from.
  await expect(field('Method')).toHaveValue('gasp-hindsight');
  await expect(sheet.getByText('Foothold, this project')).toBeVisible();
  await expect(sheet.getByLabel('Hindsight', { exact: true })).toBeDisabled();

  // What a method fixes can be read only.
  await field('Method').selectOption('chain-3');
  await expect(field('Lifts')).toHaveValue('3');
  await expect(field('Lifts')).toBeDisabled();
  await field('Method').selectOption('gasp');
  await expect(field('Lifts')).toHaveValue('1');

  await sheet.getByRole('button', { name: 'Close' }).click();
  await open.click();
  await expect(field('Weight decay')).toHaveValue('0.5');
  await expect(field('Weight decay')).toBeVisible();
  await expect(field('rank')).toHaveValue('4');
  await sheet.getByRole('button', { name: 'Back to the defaults' }).click();
  await expect(field('Weight decay')).toBeHidden();
  await expect(field('rank')).toHaveValue('8');
});

test('a search finds settings in both depths by label, note and key', async ({ page }) => {
  await page.goto('./');
  await page.getByRole('button', { name: 'Settings' }).click();
  const sheet = page.getByRole('dialog', { name: 'Settings of the next run' });
  const field = (label: string) => sheet.getByLabel(label, { exact: true });
  const search = sheet.getByRole('searchbox', { name: 'Search settings' });
  const status = sheet.getByRole('status');
  const all = Object.entries(SETTINGS);

  for (const [key, { label, note }] of [
    ['weightDecay', SETTINGS.weightDecay],
    ['temperature', SETTINGS.temperature],
  ] as const) {
    for (const text of [label.toUpperCase(), note, key]) {
      await search.fill(text);
      await expect(field(label)).toBeVisible();
    }
  }
  await search.fill('weightDecay');
  await expect(status).toHaveText(`1 of ${all.length} settings`);
  await expect(field('Rollouts')).toBeHidden();
  // What is typed where a search led stays.
  await field('Weight decay').fill('0.5');
  await search.fill('no such thing');
  await expect(status).toHaveText(`0 of ${all.length} settings`);
  await expect(sheet.getByText('Advanced')).toBeHidden();
  await search.fill('');
  await expect(field('Rollouts')).toBeVisible();
  await expect(field('Weight decay')).toBeHidden();
  await sheet.getByText('Advanced').click();
  await expect(field('Weight decay')).toHaveValue('0.5');
});

test('an unusable value stays where it was typed, and Run says what is wrong', async ({ page }) => {
  await page.goto('./');
  const open = page.getByRole('button', { name: 'Settings' });
  await open.click();
  const sheet = page.getByRole('dialog', { name: 'Settings of the next run' });
  const field = (label: string) => sheet.getByLabel(label, { exact: true });
  const run = page.getByRole('button', { name: 'Run', exact: true });

  await sheet.getByText('Advanced').click();
  await field('Weight decay').fill('2');
  await field('Rollouts').fill('');
  // Another change is taken over, and takes nothing back.
  await field('Temperature').fill('0.5');
  await field('I/O').uncheck();
  await field('f').uncheck();
  await expect(field('I/O')).toHaveAttribute('aria-invalid', 'true');
  await field('f').check();
  await field('rank').fill('0');
  await expect(field('rank')).toHaveAttribute('aria-invalid', 'true');
  await field('rank').fill('8');
  await expect(field('rank')).toHaveAttribute('aria-invalid', 'false');
  await sheet.getByRole('button', { name: 'Close' }).click();

  await expect(run).toBeDisabled();
  await expect(run).toHaveAccessibleDescription(
    'No run can start with these settings. Rollouts: Must be a number. Weight decay: Must be at most 1.',
  );
  await open.click();
  await expect(field('Weight decay')).toHaveValue('2');
  await expect(field('Weight decay')).toHaveAttribute('aria-invalid', 'true');
  await expect(field('Rollouts')).toHaveValue('');
  await expect(field('Temperature')).toHaveValue('0.5');
  await field('Rollouts').fill('4');
  await sheet.getByRole('button', { name: 'Close' }).click();
  await expect(run).toBeDisabled();
  await page.getByRole('button', { name: /^Reset Weight decay/ }).click();
  await expect(run).toBeEnabled();
  await expect(run).toHaveAccessibleDescription('');
});
