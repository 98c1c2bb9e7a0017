"""A package with a robot of the desk brings its model along."""


def test_the_model_comes_with_what_it_reads(export, tmp_path):
    folder = tmp_path / "robot"
    (folder / "meshes").mkdir(parents=True)
    (folder / "meshes" / "t.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    (folder / "part.xml").write_text(
        "<mujoco><asset><mesh name='t' file='meshes/t.obj'/></asset></mujoco>")
    (folder / "robot.xml").write_text(
        "<mujoco><include file='part.xml'/><worldbody><body><joint name='j'/>"
        "<geom type='mesh' mesh='t'/></body></worldbody></mujoco>")
    workflow = tmp_path / "desk.json"
    workflow.write_text(
        '{"1": {"class_type": "MujocoRobotNode", "inputs": {"model": "robot/robot.xml"}}}')
    package = export(workflow)
    carried = package / "NAME/data/mujoco_robot_1/model"
    assert {str(path.relative_to(carried)) for path in carried.rglob("*") if path.is_file()} == {
        "robot.xml", "part.xml", "meshes/t.obj"}
    declared = (package / "package.xml").read_text()
    assert all(each in declared for each in ("mujoco", "sensor_msgs", "rosgraph_msgs"))
    assert str(tmp_path) not in (package / "config/NAME.params.yaml").read_text()
