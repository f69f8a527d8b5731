// node bench/attack/attacker.mjs PORT NAME: carries an attack out, and holds on to what it has until it is asked to leave.
import { answering } from '../lib/answering.mjs';
import { ATTACKS, carryOut } from './attacks.mjs';

const [port, name] = process.argv.slice(2);
let leave = () => undefined;

answering(true, {
  async attack(seconds) {
    const { leave: leaves, ...told } = await carryOut(ATTACKS[name], Number(port), Number(seconds));
    leave = leaves;
    return told;
  },
  leave() {
    leave();
    return true;
  },
});
