/** Where a method or a formula was described first. */
export interface Citation {
  text: string;
  /** Absent where this project itself is the source. */
  url?: string;
}

/** What was made here. */
export const foothold: Citation = { text: 'Foothold, this project' };

export const gaspPaper = (where: string): Citation => ({
  text: `Jana et al. 2026, ${where}`,
  url: 'https://arxiv.org/abs/2603.15957',
});
export const azrPaper: Citation = { text: 'Zhao et al. 2025', url: 'https://arxiv.org/abs/2505.03335' };
export const grpoPaper: Citation = { text: 'Shao et al. 2024', url: 'https://arxiv.org/abs/2402.03300' };
export const sgsPaper: Citation = { text: 'Bailey et al. 2026', url: 'https://arxiv.org/abs/2604.20209' };
export const soarPaper: Citation = { text: 'Sundaram et al. 2026', url: 'https://arxiv.org/abs/2601.18778' };
export const drGrpoPaper: Citation = { text: 'Liu et al. 2025', url: 'https://arxiv.org/abs/2503.20783' };
