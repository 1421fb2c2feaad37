/** The settings sheet: what is in sight, what is refused, what a method holds, what a changed mind finds again. */
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
