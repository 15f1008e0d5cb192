/** Nothing: how long the runtime alone takes from start to end. */
export {};
