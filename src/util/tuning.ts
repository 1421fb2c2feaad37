/**
 * What trains: LoRA adapters on every linear projection, of the last `layers` layers where that is set, or all
 * weights of the model. A setting, and with the model's shape the layout of a checkpoint.
 */
export type Tuning = { kind: 'lora'; rank: number; alpha: number; layers?: number } | { kind: 'full' };
