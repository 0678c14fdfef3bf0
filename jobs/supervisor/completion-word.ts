/**
 * The word that replaces the domain in `jobs completion <shell>`. It has its own file so that the supervising process
 * can import it alone.
 */
export const COMPLETION = "completion";
