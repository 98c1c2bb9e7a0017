"""Cartpole as MuJoCo describes models."""

from __future__ import annotations

from dnne_ros.sim import cartpole

_X, _Y, _Z = cartpole.POLE_SIZE
_SCENE = f"""
<mujoco model="cartpole">
  <compiler angle="radian" balanceinertia="false"/>
  <option timestep="{cartpole.STEP_SECONDS / cartpole.SUBSTEPS!r}" integrator="Euler"
          gravity="0 0 {-cartpole.GRAVITY}">
    <flag contact="disable" constraint="disable" warmstart="disable"/>
  </option>
  <worldbody>{{bodies}}</worldbody>
</mujoco>
"""
# The cart only slides: of its inertia, MuJoCo needs that it is there.  The pole's is that of a
# homogeneous box, m/12·(a² + b²), about its centre of mass.
_CARTPOLE = f"""
    <body>
      <joint type="slide" axis="0 1 0"/>
      <inertial pos="0 0 0" mass="{cartpole.CART_MASS}" diaginertia="0.01 0.01 0.01"/>
      <body>
        <joint type="hinge" axis="1 0 0"/>
        <inertial pos="0 0 {cartpole.POLE_CENTRE}" mass="{cartpole.POLE_MASS}"
                  diaginertia="{cartpole.POLE_MASS / 12 * (_Y ** 2 + _Z ** 2)!r}
                               {cartpole.POLE_MASS / 12 * (_X ** 2 + _Z ** 2)!r}
                               {cartpole.POLE_MASS / 12 * (_X ** 2 + _Y ** 2)!r}"/>
      </body>
    </body>"""


def cartpole_scene(count: int) -> str:
    """Return the MJCF of ``count`` cartpoles that know nothing of each other."""
    return _SCENE.format(bodies=_CARTPOLE * count)
