/** The help of one command. */
export interface CommandHelp {
  /** All behind "wgts". */
  readonly synopsis: string;
  /** One line, for the list of all commands. */
  readonly summary: string;
  /** All else that its own help tells; "" when there is nothing more to tell. */
  readonly details: string;
}

/** The help of commands, by their names, in the order of the list of all. */
export type CommandHelps = Readonly<Record<string, CommandHelp>>;
